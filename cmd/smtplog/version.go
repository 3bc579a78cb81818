package main

import "runtime/debug"

// version is the module's version as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "smtplog (unknown version)"
	}
	return "smtplog " + info.Main.Version
}
