package render

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/fixture"
)

// browser is a headless Chromium that is spoken to over a pipe, in the DevTools protocol:
// JSON objects with a NUL byte after each.
type browser struct {
	t       testing.TB
	w       *os.File
	r       *bufio.Reader
	id      int
	session string
	events  []answer // that came in while an answer was waited for
}

type answer struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// newBrowser starts Chromium with an empty page, or skips the test where there is none.
func newBrowser(t testing.TB) *browser {
	t.Helper()
	var path string
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil && name != "" {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no chromium or google-chrome in PATH, and $CHROMIUM names none: the page is not opened in a browser")
	}
	commandsR, commandsW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answersR, answersW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// The browser keeps writing to its folder while it ends: t.TempDir would fail to remove it.
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{commandsR, answersW} // it reads 3 and writes 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	commandsR.Close()
	answersW.Close()
	if err := answersR.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, w: commandsW, r: bufio.NewReader(answersR)}
	t.Cleanup(func() {
		b.session = ""
		b.send("Browser.close", nil)
		cmd.Wait()
		cancel()
		commandsW.Close()
		answersR.Close()
		os.RemoveAll(profile)
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func (b *browser) send(method string, params any) {
	b.id++
	m := map[string]any{"id": b.id, "method": method}
	if params != nil {
		m["params"] = params
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	line, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	b.w.Write(append(line, 0))
}

func (b *browser) read() answer {
	b.t.Helper()
	line, err := b.r.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser says nothing more: %v", err)
	}
	var m answer
	if err := json.Unmarshal(line[:len(line)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	return m
}

// call sends a command and waits for its answer.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.send(method, params)
	for {
		m := b.read()
		if m.ID != b.id {
			b.events = append(b.events, m)
			continue
		}
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// open loads a page and returns what it complained of and what it asked for besides itself.
func (b *browser) open(url string) (complaints, requests []string) {
	b.t.Helper()
	b.events = nil
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for loaded := false; !loaded; {
		m := b.read()
		b.events = append(b.events, m)
		loaded = m.Method == "Page.loadEventFired"
	}
	// What the page itself began has been told when this is answered.
	b.eval("new Promise((done) => setTimeout(done, 200))")
	for _, m := range b.events {
		switch m.Method {
		case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
			complaints = append(complaints, m.Method+" "+string(m.Params))
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if err := json.Unmarshal(m.Params, &p); err != nil {
				b.t.Fatal(err)
			}
			if p.Request.URL != url {
				requests = append(requests, p.Request.URL)
			}
		}
	}
	return complaints, requests
}

// eval runs a script in the page and returns its value as JSON.
func (b *browser) eval(script string) string {
	b.t.Helper()
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", script, r.ExceptionDetails)
	}
	return string(r.Result.Value)
}

func (b *browser) window(width int, phone bool) {
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": phone}, nil)
}

func (b *browser) media(media, scheme string) {
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": media,
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

func writePage(t testing.TB, name string, page []byte) (url string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// The pages open in a real browser without a word of complaint and without asking for
// anything, hostile text or not, as a file and from a server.
func TestHTMLInBrowser(t *testing.T) {
	fixture.NoRace(t)
	b := newBrowser(t)
	pages := map[string][]byte{
		"report":  renderHTML(t, labReport(t, "postfix.log", false), Options{}),
		"bounces": renderHTML(t, labReport(t, "exim.log", true), Options{Title: "Bounce report"}),
		"hostile": renderHTML(t, hostileReport(), Options{Title: moreHostile[3], Notes: append(hostile, moreHostile...)}),
	}
	for name, page := range pages {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Errorf("%s: a request for %s", name, r.URL)
			}
			w.Header().Set("Content-Type", "text/html")
			w.Write(page)
		}))
		for _, url := range []string{writePage(t, name+".html", page), server.URL + "/"} {
			complaints, requests := b.open(url)
			for _, c := range complaints {
				t.Errorf("%s: %s", name, c)
			}
			for _, r := range requests {
				if !strings.HasPrefix(r, "data:,") {
					t.Errorf("%s: asks for %s", name, r)
				}
			}
			for _, width := range []int{390, 1280} {
				b.window(width, width < 500)
				if over := b.eval("document.documentElement.scrollWidth - innerWidth"); over != "0" && !strings.HasPrefix(over, "-") {
					t.Errorf("%s: at %d pixels the page is %s wider than the window", name, width, over)
				}
				if name == "hostile" {
					continue
				}
				if texts := b.eval(overlapping); texts != `""` {
					t.Errorf("%s: at %d pixels texts of charts lie over each other: %s", name, width, texts)
				}
			}
		}
		server.Close()
	}
}

// overlapping names texts of a chart that lie over each other or stick out of its box.
const overlapping = `(() => {
	const bad = [];
	for (const box of document.querySelectorAll("figure")) {
		const outer = box.getBoundingClientRect();
		const texts = [...box.querySelectorAll("svg text")].map((e) => [e, e.getBoundingClientRect()]).filter(([, r]) => r.width > 0);
		for (const [e, r] of texts) if (r.left < outer.left || r.right > outer.right + 1) bad.push("out: " + e.textContent);
		for (const [e, a] of texts) for (const [f, b] of texts)
			if (e !== f && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4) bad.push(e.textContent + " / " + f.textContent);
	}
	return bad.join("; ");
})()`

// The test above would see a request, an error and a breach of the policy.
func TestBrowserSeesFaults(t *testing.T) {
	fixture.NoRace(t)
	b := newBrowser(t)
	for name, page := range map[string]string{
		"request": `<img src="http://127.0.0.1:9/x.png">`,
		"error":   `<script>undefinedName()</script>`,
		"policy":  `<meta http-equiv="Content-Security-Policy" content="script-src 'none'"><script>1</script>`,
	} {
		complaints, requests := b.open(writePage(t, name+".html", []byte("<!DOCTYPE html>"+page)))
		if name == "request" && len(requests) == 0 || name != "request" && len(complaints) == 0 {
			t.Errorf("%s: %d complaints, %d requests", name, len(complaints), len(requests))
		}
	}
}

// A heading sorts by key and by pointer, numbers as numbers, and says so.
func TestHTMLSorts(t *testing.T) {
	fixture.NoRace(t)
	b := newBrowser(t)
	r := labReport(t, "postfix.log", false)
	b.open(writePage(t, "report.html", renderHTML(t, r, Options{Top: -1})))
	const column = `(() => {
		const table = document.querySelector("[aria-labelledby=table-domains] table");
		const i = [...table.tHead.rows[0].cells].findIndex((c) => c.textContent === %);
		return {table, i, head: table.tHead.rows[0].cells[i], values: () => [...table.tBodies[0].rows].map((r) => r.cells[i].dataset.v ? Number(r.cells[i].dataset.v) : r.cells[i].textContent)};
	})()`
	in := func(name, script string) string {
		return b.eval("(() => { const c = " + strings.Replace(column, "%", `"`+name+`"`, 1) + ";" + script + "})()")
	}
	const ordered = `const v = c.values(); return [c.head.getAttribute("aria-sort"), v.length > 100 && v.every((x, i) => i === 0 || (UP ? v[i-1] <= x : v[i-1] >= x))];`
	up := func(yes string) string { return strings.ReplaceAll(ordered, "UP", yes) }
	if got := in("bounced", `c.head.querySelector("button").click(); `+up("false")); got != `["descending",true]` {
		t.Errorf("after a click: %s", got)
	}
	in("bounced", `c.head.querySelector("button").focus();`)
	for _, kind := range []string{"keyDown", "keyUp"} {
		b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}, nil)
	}
	if got := in("bounced", up("true")); got != `["ascending",true]` {
		t.Errorf("after Enter: %s", got)
	}
	const words = `const v = c.values(); return [c.head.getAttribute("aria-sort"), v.every((x, i) => i === 0 || v[i-1].localeCompare(x) <= 0)];`
	if got := in("domain", `c.head.querySelector("button").click(); `+words); got != `["ascending",true]` {
		t.Errorf("words: %s", got)
	}
	if got := in("bounced", `return c.head.getAttribute("aria-sort")`); got != "null" {
		t.Errorf("the other column is still marked: %s", got)
	}
}

// Text can be read in light, dark and print: WCAG 2.2 1.4.3 asks for a contrast of 4.5.
func TestHTMLContrast(t *testing.T) {
	fixture.NoRace(t)
	b := newBrowser(t)
	b.open(writePage(t, "report.html", renderHTML(t, labReport(t, "postfix.log", false), Options{Notes: []string{"a note"}})))
	const contrast = `(() => {
		const rgb = (s) => (s.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
		const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
			.reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
		const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3) return c; } return [255, 255, 255]; };
		let worst = [99, ""];
		for (const e of document.querySelectorAll("h1, h2, p, li, a, td, th, caption, figcaption, text, button, span, time")) {
			if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
			const style = getComputedStyle(e);
			const [a, z] = [light(rgb(e.namespaceURI.endsWith("svg") ? style.fill : style.color)), light(behind(e))].sort((x, y) => y - x);
			const c = (a + .05) / (z + .05);
			if (c < worst[0]) worst = [c, e.tagName + " " + e.className + " " + e.textContent.slice(0, 20)];
		}
		return worst;
	})()`
	for _, media := range []string{"screen", "print"} {
		for _, scheme := range []string{"light", "dark"} {
			b.media(media, scheme)
			var worst []any
			if err := json.Unmarshal([]byte(b.eval(contrast)), &worst); err != nil {
				t.Fatal(err)
			}
			if c := worst[0].(float64); c < 4.5 || c > 22 {
				t.Errorf("%s, %s: contrast %.2f of %v", media, scheme, c, worst[1])
			}
		}
	}
}
