package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/smtplog/smtplog/aggregate"
	"github.com/smtplog/smtplog/parser"
	"github.com/smtplog/smtplog/status"
)

// completionCmd is `smtplog completion`.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}."`
}

// Run prints what a shell needs to complete smtplog's commands, flags and values: it asks
// smtplog itself, with the words so far.
func (cmd *completionCmd) Run(p *program) error {
	_, err := fmt.Fprint(p.stdout, completionScripts[cmd.Shell])
	return err
}

// completeWord is the command by which the scripts ask; a last line of filesToo asks the shell
// for files besides.
const (
	completeWord = "__complete"
	filesToo     = ":files"
)

var completionScripts = map[string]string{
	"bash": `# eval "$(smtplog completion bash)"
_smtplog() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        if [ "$word" = ` + filesToo + ` ]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]#=}")
        else
            COMPREPLY+=("$word")
        fi
    done < <("${COMP_WORDS[0]}" ` + completeWord + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _smtplog smtplog
`,
	"zsh": `#compdef smtplog
# eval "$(smtplog completion zsh)"
_smtplog() {
    local -a found
    found=("${(@f)$(${words[1]} ` + completeWord + ` "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ ${found[-1]} == ` + filesToo + ` ]]; then
        found[-1]=()
        _files
    fi
    compadd -- ${found}
}
if [[ ${funcstack[1]} == _smtplog ]]; then # a file in $fpath, at its first use
    _smtplog
else
    compdef _smtplog smtplog
fi
`,
	"fish": `# smtplog completion fish | source
function __smtplog_complete
    set -l so_far (commandline -opc)
    for word in (smtplog ` + completeWord + ` $so_far[2..-1] (commandline -ct) 2>/dev/null)
        if test $word = ` + filesToo + `
            __fish_complete_path (commandline -ct)
        else
            echo $word
        end
    end
end
complete -c smtplog -f -a '(__smtplog_complete)'
`,
}

// complete returns what the last of the words may become.
func complete(app *kong.Application, words []string) (found []string) {
	if n := len(words); n == 0 || words[n-1] == "=" { // bash splits at it
		words = append(words, "")
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "=" })
	last, before := words[len(words)-1], words[:len(words)-1]
	var command *kong.Node
	var pending *kong.Flag // its value comes next
	flags := app.Flags
	for _, w := range before {
		switch {
		case pending != nil:
			pending = nil
		case strings.HasPrefix(w, "-"):
			if f := flagOf(flags, w); f != nil && !f.IsBool() {
				pending = f
			}
		case command == nil:
			for _, c := range app.Children {
				if c.Name == w {
					command = c
					flags = append(slices.Clone(flags), c.Flags...)
				}
			}
		}
	}
	if command == nil && app.DefaultCmd != nil {
		flags = append(slices.Clone(flags), app.DefaultCmd.Flags...)
		if pending == nil && len(before) > 0 {
			pending = pendingIn(flags, before[len(before)-1])
		}
	}
	name, value, assigned := strings.Cut(last, "=")
	switch {
	case pending != nil:
		return prefixed(valuesOf(pending), "", last)
	case strings.HasPrefix(last, "-") && assigned:
		if f := flagOf(flags, name); f != nil {
			return prefixed(valuesOf(f), name+"=", value)
		}
		return nil
	case strings.HasPrefix(last, "-"):
		var all []string
		for _, f := range flags {
			if !f.Hidden {
				all = append(all, "--"+f.Name)
			}
		}
		return prefixed(all, "", last)
	case command == nil:
		for _, c := range app.Children {
			if !c.Hidden {
				found = append(found, c.Name)
			}
		}
		return append(prefixed(found, "", last), filesToo)
	case command.Name == "completion":
		return prefixed([]string{"bash", "zsh", "fish"}, "", last)
	}
	return []string{filesToo}
}

// flagOf returns the flag that a word names, nil if there is none or the word has its value.
func flagOf(flags []*kong.Flag, word string) *kong.Flag {
	for _, f := range flags {
		if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

func pendingIn(flags []*kong.Flag, word string) *kong.Flag {
	if f := flagOf(flags, word); f != nil && !f.IsBool() {
		return f
	}
	return nil
}

// valuesOf returns the values that a flag may have, as far as they can be listed.
func valuesOf(f *kong.Flag) []string {
	if f.Enum != "" {
		return f.EnumSlice()
	}
	var all []string
	switch f.Name {
	case "table":
		all = append(aggregate.TableNames(false), aggregate.TableNames(true)...)
	case "by":
		all = wordsOf(aggregate.GroupDims()...)
	case "every":
		all = []string{"auto", "1m", "5m", "1h", "1d", "1w", "1M"}
	case "event":
		all = wordsOf(parser.Kinds()...)
	case "outcome":
		all = outcomeWords()
	case "status", "reason", "category", "direction", "origin", "provider":
		for _, d := range aggregate.GroupDims() {
			if d.String() == f.Name {
				_, all = members(d, status.NewClassifier())
			}
		}
	case "since", "until":
		all = []string{"today", "yesterday", "now"}
	case "output", "config":
		all = []string{filesToo}
	}
	return all
}

// prefixed returns the words that begin with so, after a lead.
func prefixed(words []string, lead, so string) (all []string) {
	for _, w := range words {
		if strings.HasPrefix(w, so) || w == filesToo {
			if w != filesToo {
				w = lead + w
			}
			all = append(all, w)
		}
	}
	return all
}
