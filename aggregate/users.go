package aggregate

import (
	"slices"
	"time"
)

// maxDistinct is how many different values of a set are counted exactly; a set that reaches it
// stays there, and its table is approximate.
const maxDistinct = 1000

// distincts is a small set of strings.
type distincts map[string]struct{}

// add puts b into *s, unless it is full.
func (s *distincts) add(b []byte) {
	if _, ok := (*s)[string(b)]; ok || len(b) == 0 || len(*s) >= maxDistinct { // makes no string
		return
	}
	if *s == nil {
		*s = distincts{}
	}
	(*s)[string(b)] = struct{}{}
}

func (s *distincts) merge(o distincts) {
	for v := range o {
		s.add([]byte(v))
	}
}

func (s distincts) full() bool { return len(s) >= maxDistinct }

var userColumns = slices.Concat([]Column{{"user", "string"}, {"messages", "integer"}}, recipientColumns[:1+len(summed)],
	[]Column{{"clients", "integer"}, {"auth_failures", "integer"}})

// users counts by login name: what was handed in and what became of it, from how many
// clients, and how often the login failed. Local users, who do not log in, are not among them.
type users struct {
	keyed[userCounts]
	latest *userCounts `state:"-"` // of user
	user   string      `state:"-"`
}

// of returns the counts of a user, who mostly is the one before: a message and its recipients are
// counted one after the other.
func (f *users) of(user string) *userCounts {
	if f.latest == nil || f.user != user {
		f.latest, f.user = f.get(user), user
	}
	return f.latest
}

type userCounts struct {
	messages, failures int64
	recipientCounts
	clients distincts
}

func newUsers() *users { return &users{keyed: newKeyed[userCounts]([]Dim{DimUser})} }

// client notes where the user came from.
func (f *users) client(c *userCounts, v *View) {
	f.buf = v.Append(f.buf[:0], DimClient)
	c.clients.add(f.buf)
}

// loginName is the name of the user who logged in to hand in the message, or the one that it
// continues; "" where nobody did.
func (m *Message) loginName() string {
	if m.User != "" && !m.Client.IsZero() {
		return m.User
	}
	return m.login
}

func (f *users) message(v *View) {
	if name := v.Message.loginName(); name != "" {
		c := f.of(name)
		c.messages++
		f.client(c, v)
	}
}

func (f *users) recipient(v *View, o Outcome, n int64) {
	if name := v.Message.loginName(); name != "" {
		f.of(name).by[o] += n
	}
}

func (f *users) byMessage() bool { return true }

func (f *users) loginFailure(v *View, n int64) {
	if len(triedUser(v)) > 0 {
		f.at(v).failures += n
	}
}

// triedUser is the name that a failed login tried, nothing where it did not come to a name:
// Postfix logs "(unavailable)" then.
func triedUser(v *View) []byte {
	if string(v.Event.User) == "(unavailable)" {
		return nil
	}
	return v.Event.User
}

func (f *users) merge(o fold) {
	f.keyed.merge(&o.(*users).keyed, func(t, c *userCounts) {
		t.messages += c.messages
		t.failures += c.failures
		for i, n := range c.by {
			t.by[i] += n
		}
		t.clients.merge(c.clients)
	})
}

func (f *users) rows(most int) (rows [][]any, approximate bool) {
	approximate = f.full
	f.each(func(_ string, c *userCounts) { approximate = approximate || c.clients.full() })
	for _, e := range f.sorted(func(c *userCounts) int64 { return c.messages }, most) {
		c := e.t
		rows = append(rows, append(append(append(f.cells(e.key), c.messages), c.cells()...), int64(len(c.clients)), c.failures))
	}
	return rows, approximate
}

var loginFailureColumns = []Column{{"client", "string"}, {"failures", "integer"}, {"users", "integer"}, {"last_user", "string"},
	{"first", "time"}, {"last", "time"}}

// loginFailures counts failed logins by client: how many names it tried, and when.
type loginFailures struct {
	keyed[loginFailureCounts]
}

type loginFailureCounts struct {
	count       int64
	users       distincts
	lastUser    string
	first, last time.Time
}

func newLoginFailures() *loginFailures {
	return &loginFailures{keyed: newKeyed[loginFailureCounts]([]Dim{DimClient})}
}

func (f *loginFailures) loginFailure(v *View, n int64) {
	c, ev := f.at(v), v.Event
	c.count += n
	c.users.add(triedUser(v))
	c.seen(ev.Time, ev.Time, string(triedUser(v)))
}

// seen widens the time between first and last; of two names at the same time the greater one
// is the last, so that the order does not matter.
func (c *loginFailureCounts) seen(first, last time.Time, user string) {
	if c.first.IsZero() || first.Before(c.first) {
		c.first = first
	}
	if last.After(c.last) || last.Equal(c.last) && user > c.lastUser {
		c.last, c.lastUser = last, user
	}
}

func (f *loginFailures) merge(o fold) {
	f.keyed.merge(&o.(*loginFailures).keyed, func(t, c *loginFailureCounts) {
		t.count += c.count
		t.users.merge(c.users)
		t.seen(c.first, c.last, c.lastUser)
	})
}

func (f *loginFailures) rows(most int) (rows [][]any, approximate bool) {
	approximate = f.full
	f.each(func(_ string, c *loginFailureCounts) { approximate = approximate || c.users.full() })
	for _, e := range f.sorted(func(c *loginFailureCounts) int64 { return c.count }, most) {
		c := e.t
		var user any
		if c.lastUser != "" {
			user = c.lastUser
		}
		rows = append(rows, append(f.cells(e.key), c.count, int64(len(c.users)), user, moment(c.first), moment(c.last)))
	}
	return rows, approximate
}
