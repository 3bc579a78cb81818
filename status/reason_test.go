package status

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
)

func TestReasons(t *testing.T) {
	all := Reasons()
	if len(all) != 34 || len(Categories()) != 9 {
		t.Errorf("%d reasons in %d categories, want 34 in 9", len(all), len(Categories()))
	}
	seen := make(map[string]bool)
	last := CategoryNone
	for i, r := range all {
		info := r.Info()
		if info.Reason != r || int(r) != i+1 || seen[info.Name] || info.Category < last {
			t.Errorf("row %d: %+v", i+1, info)
		}
		seen[info.Name] = true
		last = info.Category
		if info.Type == TypeNone || info.Action == ActionNone || info.Meaning == "" || info.Advice == "" {
			t.Errorf("%v: something is missing: %+v", r, info)
		}
		if (info.Action == ActionSuppress) && info.Type != TypeHard {
			t.Errorf("%v is suppressed, but not hard", r)
		}
		text, _ := r.MarshalText()
		var back Reason
		if err := back.UnmarshalText(text); err != nil || back != r {
			t.Errorf("%v: %q comes back as %v, %v", r, text, back, err)
		}
	}
	for _, c := range Categories() {
		if back, err := ParseCategory(c.String()); err != nil || back != c {
			t.Errorf("%v comes back as %v, %v", c, back, err)
		}
	}
	if _, err := ParseReason("nonsense"); err == nil {
		t.Error("nonsense is a reason")
	}
	if r := Reason(200); r.String() != "" || r.Info() != (ReasonInfo{}) {
		t.Error("Reason(200) is something")
	}
}

// The table is that of the published taxonomy.
func TestTaxonomy(t *testing.T) {
	b, err := os.ReadFile(fixture.Shared(t, "taxonomy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var taxonomy struct {
		Reasons []struct{ Reason, Category, Type, Action string }
	}
	if err := json.Unmarshal(b, &taxonomy); err != nil {
		t.Fatal(err)
	}
	if len(taxonomy.Reasons) != len(Reasons()) {
		t.Errorf("%d reasons, want %d", len(Reasons()), len(taxonomy.Reasons))
	}
	for _, want := range taxonomy.Reasons {
		r, err := ParseReason(want.Reason)
		if err != nil || r.Category().String() != want.Category || r.Type().String() != want.Type || r.Action().String() != want.Action {
			t.Errorf("%+v: got %v %v %v, %v", want, r.Category(), r.Type(), r.Action(), err)
		}
	}
}
