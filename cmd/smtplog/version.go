package main

import (
	"runtime/debug"
	"strings"
)

// version is the module's version as the build recorded it, with the commit where the build
// knows it, and the version of Go.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "smtplog (unknown version)"
	}
	about := []string{info.GoVersion}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && !strings.Contains(info.Main.Version, s.Value[:min(12, len(s.Value))]):
			about = append(about, "commit "+s.Value)
		case s.Key == "vcs.modified" && s.Value == "true" && !strings.Contains(info.Main.Version, "dirty"):
			about = append(about, "modified")
		}
	}
	return "smtplog " + info.Main.Version + " (" + strings.Join(about, ", ") + ")"
}
