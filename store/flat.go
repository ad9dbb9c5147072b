package store

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// flatTokens are the tokens in the flat columns of a row of the older layout. What stands beside them as expiry is
// never believed.
type flatTokens struct{ access, refresh string }

// readable makes JSON of scopes that another program keeps as plain text.
func (r *rawToken) readable(t *tokenTable) {
	if slices.Contains(textKinds, t.scopes.kind) && r.scopes != "" && !json.Valid([]byte(r.scopes)) {
		text, _ := json.Marshal(strings.Fields(r.scopes)) // texts always encode
		r.scopes, r.plainScopes = string(text), true
	}
}

// flatten reads a row that has no token_data from its flat columns, and notices flat columns that were changed
// afterwards: they hold another refresh token than token_data. Another access token means nothing, every refresh
// elsewhere brings one.
func (row *tokenRow) flatten(flat flatTokens) {
	if len(row.token) == 0 {
		row.token.set("access_token", flat.access)
		row.token.set("refresh_token", flat.refresh)
		return
	}
	ours, err := row.token.text("refresh_token")
	row.flatChanged = err == nil && ours != "" && flat.refresh != "" && ours != flat.refresh
	row.leaveFlat = row.flatChanged // it is the newer grant, and somebody else's
}

// tellsFlat decides whether the row's tokens may stand in flat columns, where every program can read them. Those of a
// sealed row may not: its flat columns are emptied.
func (row tokenRow) tellsFlat() bool {
	_, sealed := row.token["achim_sealed"]
	return !sealed
}

// fits reports whether a flat column can take its value. One that is too narrow for a token is left as it is, rather
// than the token cut or the whole row lost.
func (row tokenRow) fits(a attribute) bool {
	token, _ := row.token.text(a.name)
	return a.limit == 0 || !row.tellsFlat() || utf8.RuneCountInString(token) <= a.limit
}

// flatValue is what goes into a flat column.
func (row tokenRow) flatValue(a attribute, now time.Time) any {
	if a.name == "expires_at" {
		end := row.expiry
		if end.IsZero() || !row.tellsFlat() {
			end = now // whoever reads it had better refresh
		}
		return instantFor(a.kind, end)
	}
	token, _ := row.token.text(a.name)
	if !row.tellsFlat() || !row.fits(a) {
		token = ""
	}
	if token == "" && !a.notNull {
		return nil
	}
	return token
}

// asRead gives oauth_config and metadata back as they were read where nothing of them has changed: in a column of type
// json or text it would show how we write.
func (row tokenRow) asRead(values []any) []any {
	for i, text := range map[int]string{1: row.was.config, 3: row.was.metadata} {
		if members, err := parseObject(text); err == nil && text != "" && values[i] == members.String() {
			values[i] = text
		}
	}
	return values
}

// joinScopes writes scopes as plain text again where another program keeps them so.
func (row tokenRow) joinScopes() string {
	if scopes, err := parseScopes(row.scopes); row.plainScopes && err == nil {
		return strings.Join(scopes, " ")
	}
	return row.scopes
}
