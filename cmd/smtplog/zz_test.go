package main
import ("testing";"context";"io";"strings")
func BenchmarkZVersion(b *testing.B){ b.ReportAllocs(); for range b.N { run(context.Background(), []string{"--version"}, strings.NewReader(""), io.Discard, io.Discard) } }
func BenchmarkZVars(b *testing.B){ b.ReportAllocs(); for range b.N { vars() } }
