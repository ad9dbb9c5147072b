package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"achim/briefing"
)

// flatTokens are the tokens in the flat columns of a row of the older layout. What stands beside them as expiry is
// never believed.
type flatTokens struct{ access, refresh string }

// flatMember keeps, in what is sealed of token_data, how a row of the older layout stood before it was sealed: whoever
// leaves sealing behind finds it so again. The first write of ours since takes it out: from then on there is something newer.
const flatMember = "achim_flat"

// keptFlat is what stands in there.
type keptFlat struct {
	TokenData string `json:"token_data,omitempty"` // "" = NULL
	Access    string `json:"access_token,omitempty"`
	Refresh   string `json:"refresh_token,omitempty"`
	Ends      string `json:"expires_at,omitempty"`
}

// keeping returns the token_data to seal of a row that is plain, with how it stood.
func (row tokenRow) keeping() string {
	kept, _ := json.Marshal(keptFlat{row.was.token, row.was.flat.access, row.was.flat.refresh, row.was.ends}) // texts always encode
	token := maps.Clone(row.token)
	token[flatMember] = kept
	return token.String()
}

// toSeal returns the token_data of which the sealed one is made: as it is stored where the flat columns stay or hold nothing.
func (row tokenRow) toSeal() string {
	id, _ := tokenColumn.keyOf(row.was.token)
	switch {
	case row.unread || row.leaveFlat || row.was.flat == flatTokens{}:
		return row.was.token
	case id == "":
		return row.keeping()
	case row.flattened: // somebody has connected the person anew since
		return row.token.String()
	}
	return row.was.token
}

// keptFlat returns how the row stood, if that is kept.
func (o object) keptFlat() (kept keptFlat, ok bool) {
	raw, there := o[flatMember]
	return kept, there && json.Unmarshal(raw, &kept) == nil
}

// recalled returns the token_data that a row had before it was sealed, from what was sealed of it. Without asItStood, of a
// row that somebody has changed since, it returns what was sealed.
func recalled(text string, asItStood bool) string {
	members, _ := parseObject(text)
	kept, ok := members.keptFlat()
	switch {
	case !ok:
		return text
	case !asItStood:
		delete(members, flatMember)
		return members.String()
	}
	return kept.TokenData
}

// orNothing is how a text that stood in the column is put back: none is NULL, where the column takes that.
func (a attribute) orNothing(text string) any {
	if a.notNull {
		return text
	}
	return nullable(text)
}

// flatAgain is what goes into a flat column of a row that is unsealed: what stood there, or where we have written since,
// what we would have put there.
func (row tokenRow) flatAgain(a attribute, now time.Time) (value any, left bool) {
	kept, ok := row.token.keptFlat()
	if !ok {
		return row.flatValue(a, true, now)
	}
	token, _ := flatTokens{kept.Access, kept.Refresh}.in(a)
	return token, token == "" // what was empty was not emptied
}

// in returns what stands in a flat column; secret is false for one that holds no token.
func (f flatTokens) in(a attribute) (stood string, secret bool) {
	switch a.name {
	case "access_token":
		return f.access, true
	case "refresh_token":
		return f.refresh, true
	}
	return "", false
}

// readable makes JSON of scopes that another program keeps as plain text.
func (r *rawToken) readable(t *tokenTable) {
	if slices.Contains(textKinds, t.scopes.kind) && r.scopes != "" && !json.Valid([]byte(r.scopes)) {
		text, _ := json.Marshal(strings.Fields(r.scopes)) // texts always encode
		r.scopes, r.plainScopes = string(text), true
	}
}

// flatten reads a row from its flat columns that has no token in token_data, or none that could be refreshed, whatever is
// wrong with it; taken says that they make up for that. They do not where the operator's key may open it yet. And it notices
// flat columns that were changed afterwards: they hold another refresh token than token_data. Another access token means
// nothing, every refresh elsewhere brings one.
func (row *tokenRow) flatten(flat flatTokens, fault error) (taken bool) {
	if !row.token.holdsTokens() {
		row.flattened = flat != flatTokens{}
		row.token.set("access_token", flat.access)
		row.token.set("refresh_token", flat.refresh)
		return flat.refresh != ""
	}
	ours, err := row.token.text("refresh_token")
	_, unclear := row.token.text("access_token")
	switch {
	case flat.refresh == "":
	case lacksKey(fault):
		row.leaveFlat = true
	case ours == "" || err != nil || unclear != nil:
		row.flattened = true
		row.take(flat)
		return true
	case ours != flat.refresh: // it is the newer grant, and somebody else's
		row.leaveFlat, row.flatChanged, row.theirs = true, true, flat
	}
	return false
}

// take makes the grant in the flat columns that of the row: with the next write all of it is the same again.
func (row *tokenRow) take(theirs flatTokens) {
	for _, name := range []string{sealedMember, flatMember, "access_token"} {
		delete(row.token, name)
	}
	row.token.set("access_token", theirs.access)
	row.token.set("refresh_token", theirs.refresh)
	row.leaveFlat, row.flatChanged, row.theirs = false, false, flatTokens{}
}

// outlives reports whether the grant that somebody else has put into the flat columns counts: ours is known to be dead, and
// theirs is not.
func (f flatTokens) outlives(ours, theirs briefing.CredentialState) bool {
	return f.refresh != "" && !ours.DeadSince.IsZero() && theirs.DeadSince.IsZero()
}

// outlived returns the row with the grant that counts.
func (row tokenRow) outlived(ctx context.Context, q *session) (tokenRow, error) {
	if row.theirs.refresh == "" {
		return row, nil
	}
	c, _ := row.credential() // whatever else is wrong with it
	ours, err := readState(ctx, q, c)
	if err != nil {
		return row, err
	}
	c.RefreshToken = briefing.NewSecret(row.theirs.refresh)
	theirs, err := readState(ctx, q, c)
	if err == nil && row.theirs.outlives(ours, theirs) {
		row.take(row.theirs)
	}
	return row, err
}

// holdsTokens reports whether a token stands in the object, or what may be one.
func (o object) holdsTokens() bool {
	for _, name := range []string{"access_token", "refresh_token", sealedMember} {
		if text, err := o.text(name); err != nil || text != "" {
			return true
		}
	}
	return false
}

// tellsFlat decides whether the tokens of a row may stand in flat columns, where every program can read them, from its
// token_data as it is stored. Those of a sealed row may not: its flat columns are emptied.
func tellsFlat(tokenData any) bool {
	text, _ := tokenData.(string)
	stored, _ := parseObject(text)
	_, sealed := stored[sealedMember]
	return !sealed
}

// flatValue is what goes into a flat column. left is true for one that is too narrow for its token: it stays as it is,
// rather than the token cut or the whole row lost.
func (row tokenRow) flatValue(a attribute, told bool, now time.Time) (value any, left bool) {
	if a.name == "expires_at" {
		end := row.expiry
		if end.IsZero() || !told {
			end = now // whoever reads it had better refresh
		}
		return instantFor(a.kind, end), false
	}
	token, _ := row.token.text(a.name)
	if left = told && a.limit > 0 && utf8.RuneCountInString(token) > a.limit; left || !told {
		token = ""
	}
	if token == "" && !a.notNull {
		return nil, left
	}
	return token, left
}

// asRead gives oauth_config and metadata back as they were read where nothing of them has changed: in a column of type
// json or text it would show how we write.
func (row tokenRow) asRead(values []any) []any {
	for i, text := range map[int]string{1: row.was.config, 3: row.was.metadata} {
		members, err := parseObject(text)
		if same := values[i] == members.String() || (values[i] == nil && len(members) == 0); err == nil && text != "" && same {
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
