package standin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// mask is a parsed `fields` parameter: member → what to keep in it. A nil mask
// keeps everything.
type mask map[string]mask

// parseMask reads "items(id,start/date),nextPageToken". Anything odd is taken as
// far as it can be read: this is a convenience, not a validator.
func parseMask(s string) mask {
	m, _ := parseMaskList(s)
	return m
}

func parseMaskList(s string) (mask, string) {
	m := mask{}
	for s != "" {
		end := strings.IndexAny(s, ",/()")
		if end < 0 {
			end = len(s)
		}
		name := strings.TrimSpace(s[:end])
		var inner mask
		s = s[end:]
		switch {
		case strings.HasPrefix(s, "/"):
			stop := 1 + maskPathEnd(s[1:])
			inner, _ = parseMaskList(s[1:stop])
			s = s[stop:]
		case strings.HasPrefix(s, "("):
			inner, s = parseMaskList(s[1:])
		}
		if name != "" {
			m[name] = inner
		}
		if strings.HasPrefix(s, ")") {
			return m, s[1:]
		}
		s = strings.TrimPrefix(s, ",")
	}
	return m, s
}

// maskPathEnd is where "a/b(c,d)" ends inside a list: at the next comma or closing
// bracket of its own level.
func maskPathEnd(s string) int {
	depth := 0
	for i, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')' && depth > 0:
			depth--
		case depth == 0 && (r == ',' || r == ')'):
			return i
		}
	}
	return len(s)
}

func (m mask) apply(v any) any {
	if m == nil || m.all() {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range m {
			if member, ok := v[k]; ok {
				out[k] = inner.apply(member)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.apply(v[i])
		}
		return out
	}
	return v
}

func (m mask) all() bool {
	_, star := m["*"]
	return star
}

// writeMasked answers v, cut to the request's `fields`.
func writeMasked(w http.ResponseWriter, r *http.Request, v any) {
	fields := r.URL.Query().Get("fields")
	if fields == "" {
		writeJSON(w, v)
		return
	}
	b, err := json.Marshal(v)
	var plain any
	if err == nil {
		err = json.Unmarshal(b, &plain)
	}
	if err != nil {
		apiError{code: 500, reason: "backendError", message: err.Error()}.write(w)
		return
	}
	writeJSON(w, parseMask(fields).apply(plain))
}
