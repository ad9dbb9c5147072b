package standin

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mail is one message. Everything may be left out: ID becomes a hex number,
// ThreadID the ID, Date now, Labels INBOX and UNREAD, the rest is empty.
type Mail struct {
	ID, ThreadID, From, To, Cc, Subject string
	Body                                string // text/plain
	HTML                                string // text/html; with Body: multipart/alternative
	Date                                time.Time
	Labels                              []string
	Headers                             [][2]string // further ones; one named like a standard header replaces it

	tree *node  // of a message that was read: it stands for Body, HTML and the standard headers
	raw  []byte // as it travelled
}

func (g *Google) addMail(acc *account, mail []Mail) {
	for _, m := range mail {
		g.serial++
		if m.Date.IsZero() {
			m.Date = g.now()
		}
		if m.ID == "" {
			m.ID = fmt.Sprintf("%012x%04x", m.Date.UnixMilli(), g.serial&0xffff)
		}
		if m.ThreadID == "" {
			m.ThreadID = m.ID
		}
		if m.To == "" {
			m.To = acc.Email
		}
		if m.Labels == nil {
			m.Labels = []string{"INBOX", "UNREAD"}
		}
		acc.Mail = slices.DeleteFunc(acc.Mail, func(old Mail) bool { return old.ID == m.ID })
		acc.Mail = append(acc.Mail, m)
	}
	slices.SortStableFunc(acc.Mail, func(a, b Mail) int { return b.Date.Compare(a.Date) })
}

var gmailRead = []string{"gmail.readonly", "gmail.modify", "https://mail.google.com/"}

func gmailAPI(method string, scopes ...string) api {
	return api{name: "gmail", method: "caribou.api.proto.MailboxService." + method, scopes: append(scopes, gmailRead...)}
}

// mailbox lets a Gmail call in and checks whose mailbox is asked for.
func (g *Google) mailbox(w http.ResponseWriter, r *http.Request, a api) (*issued, bool) {
	t, ok := g.admit(w, r, a)
	if !ok {
		return nil, false
	}
	if user := r.PathValue("user"); user != "me" && !strings.EqualFold(user, t.account.Email) {
		apiError{code: 403, reason: "forbidden", message: "Delegation denied for " + t.account.Email}.write(w)
		return nil, false
	}
	return t, true
}

func (g *Google) messagesList(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.mailbox(w, r, gmailAPI("ListMessages", "gmail.metadata"))
	if !ok {
		return
	}
	q := r.URL.Query()
	if q.Get("q") != "" && !t.scopes.any(gmailRead...) {
		apiError{code: 403, reason: "forbidden", message: "Metadata scope does not support 'q' parameter"}.write(w)
		return
	}
	wanted := searchFor(q.Get("q"))
	var found []any
	for _, m := range t.account.Mail {
		hidden := slices.Contains(m.Labels, "SPAM") || slices.Contains(m.Labels, "TRASH")
		if hidden && q.Get("includeSpamTrash") != "true" || !hasAll(m.Labels, q["labelIds"]) || !wanted(m) {
			continue
		}
		found = append(found, map[string]any{"id": m.ID, "threadId": m.ThreadID})
	}
	p, fail := g.paging(q, 100, 500)
	if fail != nil {
		fail.write(w)
		return
	}
	page, next := p.cut(found)
	out := map[string]any{"resultSizeEstimate": len(found)}
	if len(page) > 0 {
		out["messages"] = page // Google leaves the member out when there is none
	}
	if next != "" {
		out["nextPageToken"] = next
	}
	writeMasked(w, r, out)
}

func hasAll(have, want []string) bool {
	for _, l := range want {
		if !slices.Contains(have, l) {
			return false
		}
	}
	return true
}

// page is a place in a list; page tokens are places, made opaque.
type page struct{ from, size int }

func (g *Google) paging(q url.Values, usual, most int) (page, *apiError) {
	p := page{size: usual}
	if s := q.Get("maxResults"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return p, &apiError{code: 400, reason: "invalidParameter", message: "Invalid value for maxResults", location: "maxResults"}
		}
		if n > 0 {
			p.size = min(n, most)
		}
	}
	if g.PageSize > 0 {
		p.size = min(p.size, g.PageSize)
	}
	if s := q.Get("pageToken"); s != "" {
		n, err := strconv.ParseInt(strings.TrimPrefix(s, "standin-page-"), 36, 32)
		if err != nil || n <= 0 {
			return p, &apiError{code: 400, reason: "invalidArgument", message: "Invalid pageToken", location: "pageToken"}
		}
		p.from = int(n)
	}
	return p, nil
}

func (p page) cut(all []any) (part []any, next string) {
	from := min(p.from, len(all))
	to := min(from+p.size, len(all))
	if to < len(all) {
		next = "standin-page-" + strconv.FormatInt(int64(to), 36)
	}
	return all[from:to], next
}

func (g *Google) messagesGet(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.mailbox(w, r, gmailAPI("GetMessage", "gmail.metadata"))
	if !ok {
		return
	}
	i := slices.IndexFunc(t.account.Mail, func(m Mail) bool { return m.ID == r.PathValue("id") })
	if i < 0 {
		apiError{code: 404, reason: "notFound", message: "Requested entity was not found."}.write(w)
		return
	}
	q := r.URL.Query()
	format := q.Get("format")
	if format == "" {
		format = "full"
	}
	full := format == "full" || format == "raw"
	switch {
	case full && !t.scopes.any(gmailRead...):
		apiError{code: 403, reason: "forbidden", message: "Metadata scope doesn't allow format " + strings.ToUpper(format)}.write(w)
	case !full && format != "metadata" && format != "minimal":
		apiError{code: 400, reason: "invalidArgument", message: "Invalid value at 'format'", location: "format"}.write(w)
	default:
		writeMasked(w, r, t.account.Mail[i].resource(format, q["metadataHeaders"]))
	}
}

func (g *Google) profile(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.mailbox(w, r, gmailAPI("GetProfile", "gmail.metadata", "gmail.compose"))
	if !ok {
		return
	}
	threads := map[string]bool{}
	for _, m := range t.account.Mail {
		threads[m.ThreadID] = true
	}
	writeMasked(w, r, map[string]any{
		"emailAddress": t.account.Email, "messagesTotal": len(t.account.Mail),
		"threadsTotal": len(threads), "historyId": strconv.Itoa(1000 + g.serial),
	})
}

func (g *Google) labels(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	t, ok := g.mailbox(w, r, gmailAPI("ListLabels", "gmail.metadata", "gmail.labels"))
	if !ok {
		return
	}
	names := strings.Fields("INBOX UNREAD IMPORTANT STARRED SENT DRAFT SPAM TRASH CHAT CATEGORY_PERSONAL " +
		"CATEGORY_SOCIAL CATEGORY_PROMOTIONS CATEGORY_UPDATES CATEGORY_FORUMS")
	system := len(names)
	for _, m := range t.account.Mail {
		for _, l := range m.Labels {
			if !slices.Contains(names, l) {
				names = append(names, l)
			}
		}
	}
	var out []any
	for i, n := range names {
		kind := "system"
		if i >= system {
			kind = "user"
		}
		out = append(out, map[string]any{"id": n, "name": n, "type": kind})
	}
	writeMasked(w, r, map[string]any{"labels": out})
}
