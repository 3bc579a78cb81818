package status

// Stage is the SMTP stage at which a reply was given or a session ended. The zero Stage,
// StageNone, means not known.
type Stage uint8

// The stages of an SMTP session.
const (
	StageNone      Stage = iota
	StageConnect         // connection and greeting
	StageHelo            // EHLO, HELO, LHLO
	StageStartTLS        // STARTTLS
	StageAuth            // AUTH
	StageMail            // MAIL FROM
	StageRcpt            // RCPT TO
	StageData            // DATA, or a BDAT that is not the last
	StageEndOfData       // the content and the final dot, or the last BDAT
	StageRset            // RSET
	StageQuit            // QUIT
	StageVrfy            // VRFY
	StageEtrn            // ETRN
)

// stageNames holds the words of String, by Stage.
var stageNames = [...]string{
	StageNone: "", StageConnect: "connect", StageHelo: "helo", StageStartTLS: "starttls",
	StageAuth: "auth", StageMail: "mail", StageRcpt: "rcpt", StageData: "data",
	StageEndOfData: "end_of_data", StageRset: "rset", StageQuit: "quit", StageVrfy: "vrfy",
	StageEtrn: "etrn",
}

// String returns the stage's word, such as "end_of_data"; "" for StageNone.
func (s Stage) String() string { return enumName(stageNames[:], s) }

// ParseStage returns the stage with the given word, in any case; StageNone for "". The
// error is a *ParseError.
func ParseStage(s string) (Stage, error) {
	return parseEnum[Stage](stageNames[:], s, "an SMTP stage such as rcpt")
}

// AppendText appends the stage's word to b. The error is always nil.
func (s Stage) AppendText(b []byte) ([]byte, error) { return append(b, s.String()...), nil }

// MarshalText returns the stage's word. The error is always nil.
func (s Stage) MarshalText() ([]byte, error) { return s.AppendText(nil) }

// UnmarshalText sets s as ParseStage does.
func (s *Stage) UnmarshalText(text []byte) error { return unmarshalEnum(s, text, ParseStage) }

// Origin says who decided. The zero Origin, OriginNone, means not known.
type Origin uint8

// The origins.
const (
	OriginNone    Origin = iota
	OriginRemote         // a quoted SMTP reply of another host
	OriginLocal          // this MTA decided
	OriginNetwork        // no reply: DNS, TCP, TLS
)

// originNames holds the words of String, by Origin.
var originNames = [...]string{
	OriginNone: "", OriginRemote: "remote", OriginLocal: "local", OriginNetwork: "network",
}

// String returns "remote", "local" or "network"; "" for OriginNone.
func (o Origin) String() string { return enumName(originNames[:], o) }

// ParseOrigin returns the origin with the given word, in any case; OriginNone for "". The
// error is a *ParseError.
func ParseOrigin(s string) (Origin, error) {
	return parseEnum[Origin](originNames[:], s, "remote, local or network")
}

// AppendText appends the origin's word to b. The error is always nil.
func (o Origin) AppendText(b []byte) ([]byte, error) { return append(b, o.String()...), nil }

// MarshalText returns the origin's word. The error is always nil.
func (o Origin) MarshalText() ([]byte, error) { return o.AppendText(nil) }

// UnmarshalText sets o as ParseOrigin does.
func (o *Origin) UnmarshalText(text []byte) error { return unmarshalEnum(o, text, ParseOrigin) }

// enumName returns names[v], or "" if v is none of the enum's values.
func enumName[E ~uint8](names []string, v E) string {
	if int(v) < len(names) {
		return names[v]
	}
	return ""
}

// parseEnum returns the value that s names.
func parseEnum[E ~uint8](names []string, s, want string) (E, error) {
	for i, name := range names {
		if equalFold(s, name) {
			return E(i), nil
		}
	}
	return 0, &ParseError{s, want}
}

// unmarshalEnum sets *v to what parse makes of text, and leaves it alone on error.
func unmarshalEnum[E any](v *E, text []byte, parse func(string) (E, error)) error {
	parsed, err := parse(string(text))
	if err == nil {
		*v = parsed
	}
	return err
}
