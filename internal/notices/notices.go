// Package notices holds the licences of smtplog and of all that its binary is made of.
package notices

import _ "embed"

// ThirdParty names every module that is linked into the binary, on any of the systems that it is
// built for, with its licence. The test of this package writes it (-update) and holds it.
//
//go:embed THIRD_PARTY_NOTICES
var ThirdParty string
