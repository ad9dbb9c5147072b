package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"achim/briefing"
	"achim/internal/secret"
)

const (
	// naiveForm is how instants are written into columns without a zone: always in UTC.
	naiveForm = "2006-01-02 15:04:05.000000"
	// googleTokenURI is written for other programs to read. Ours never takes an address from a row.
	googleTokenURI = "https://oauth2.googleapis.com/token"
)

// object is a JSON object of a shared row. Members that are not ours pass through it untouched.
type object map[string]json.RawMessage

// errShape says what is wrong with a row, without repeating what it holds.
var (
	errNotObject = errors.New("is not a JSON object")
	errNotText   = errors.New("is not a text")
	errNotScopes = errors.New("is neither a list of texts nor a text")
)

// parseObject reads a JSON object; NULL is an empty one. Some programs store an object as the text of its
// JSON: that is read too.
func parseObject(text string) (object, error) {
	members := object{}
	if text == "" || text == "null" {
		return members, nil
	}
	var wrapped string
	if json.Unmarshal([]byte(text), &wrapped) == nil {
		text = wrapped
	}
	if err := json.Unmarshal([]byte(text), &members); err != nil || members == nil {
		return object{}, errNotObject
	}
	return members, nil
}

// text returns a member that must be a text or missing.
func (o object) text(name string) (string, error) {
	raw, ok := o[name]
	if !ok || string(raw) == "null" {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf("member %s %w", name, errNotText)
	}
	return text, nil
}

// set puts a text in, unless it is empty.
func (o object) set(name, value string) {
	if value == "" {
		return
	}
	raw, _ := json.Marshal(value) // a string always encodes
	o[name] = raw
}

// String returns the object as it is stored. Members are what was read or set, so it always encodes.
func (o object) String() string {
	text, _ := json.Marshal(o)
	return string(text)
}

// parseScopes reads a list of scopes: a JSON list, or all of them in one text as OAuth has it.
func parseScopes(text string) ([]string, error) {
	if text == "" || text == "null" {
		return nil, nil
	}
	var scopes []string
	if json.Unmarshal([]byte(text), &scopes) == nil {
		return scopes, nil
	}
	var joined string
	if json.Unmarshal([]byte(text), &joined) == nil {
		if strings.HasPrefix(strings.TrimSpace(joined), "[") {
			return parseScopes(joined)
		}
		return strings.Fields(joined), nil
	}
	return nil, errNotScopes
}

// tokenRow is a row of gmail_token, as far as it is ours.
type tokenRow struct {
	reader   briefing.ReaderID
	token    object
	config   object
	scopes   string
	metadata object
	expiry   time.Time
	version  string
	keys     keyring

	was         rawToken
	place       string     // where the row stands, in a table that may hold several of one owner
	plainScopes bool       // scopes were found as plain text
	unread      bool       // token_data cannot be opened, or is no object
	flattened   bool       // the tokens were read from flat columns
	flatChanged bool       // see flatten
	leaveFlat   bool       // the flat columns are not written
	theirs      flatTokens // what stands in flat columns that were changed
}

const tokenColumns = "token_data, oauth_config, scopes, metadata, updated_at"

// raw is a row as it was read, before anybody trusts it.
type rawToken struct {
	token, config, scopes, metadata, updated string

	keys        keyring
	flat        flatTokens
	ends        string // their expires_at, only to put it back
	place       string
	plainScopes bool
}

func (r *rawToken) targets() []any {
	return []any{opt(&r.token), opt(&r.config), opt(&r.scopes), opt(&r.metadata), anyText{&r.updated}}
}

// scanToken reads a row of gmail_token as it is here.
func (q *session) scanToken(row scanner) (rawToken, error) {
	r, err := q.shared.tokens.scan(row)
	r.keys = q.keys
	return r, err
}

// anyText reads a column whose type is not ours to choose, only to compare it with itself.
type anyText struct{ to *string }

func (a anyText) Scan(src any) error {
	switch v := src.(type) {
	case time.Time:
		*a.to = v.UTC().Format(time.RFC3339Nano)
	default:
		*a.to = fmt.Sprint(v)
	}
	return nil
}

// parse makes sense of a row. What cannot be read is an error with reason malformed that names the reader,
// and the rest of the row is returned all the same.
func (r rawToken) parse(reader briefing.ReaderID) (tokenRow, error) {
	row := tokenRow{reader: reader, scopes: r.scopes, keys: r.keys, was: r, plainScopes: r.plainScopes, place: r.place}
	var faults []error
	open := func(column sharedColumn, stored string) string {
		text, err := r.keys.openColumn(column, string(reader), stored)
		if err != nil {
			faults = append(faults, err)
			return stored // of which what is not sealed can be kept
		}
		return text
	}
	read := func(column, text string) object {
		members, err := parseObject(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s %w", column, err))
		}
		return members
	}
	row.token = read("token_data", open(tokenColumn, r.token))
	row.unread = len(faults) > 0
	if row.flatten(r.flat, errors.Join(faults...)) {
		faults = nil
	}
	row.config = read("oauth_config", open(configColumn, r.config))
	row.metadata = read("metadata", r.metadata)
	sum := sha256.Sum256([]byte(strings.Join([]string{r.token, r.config, r.scopes, r.metadata, r.updated, r.flat.access, r.flat.refresh}, "\x00")))
	row.version = hex.EncodeToString(sum[:])
	return row, malformed(reader, errors.Join(faults...))
}

// lacksKey reports whether it is a key that is missing.
func lacksKey(fault error) bool {
	return errors.Is(fault, ErrSealed) && !errors.Is(fault, secret.ErrBroken)
}

func malformed(reader briefing.ReaderID, fault error) error {
	if fault == nil {
		return nil
	}
	if lacksKey(fault) {
		fault = &briefing.LockedGrantError{Fault: fault} // the operator's key may open it yet
	} else {
		fault = &briefing.UnusableGrantError{Fault: fault}
	}
	return fmt.Errorf("grant of reader %s: %w", reader, &briefing.Error{Op: "read gmail_token", Reason: briefing.Malformed, Err: fault})
}

// credential returns the grant the row holds, without what our own state table knows of it.
func (row tokenRow) credential() (briefing.Credential, error) {
	var faults []error
	text := func(o object, column, name string) string {
		value, err := o.text(name)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", column, err))
		}
		return value
	}
	scopes, err := parseScopes(row.scopes)
	if err != nil {
		faults = append(faults, fmt.Errorf("scopes %w", err))
	}
	c := briefing.Credential{
		ReaderID:     row.reader,
		AccessToken:  briefing.NewSecret(text(row.token, "token_data", "access_token")),
		RefreshToken: briefing.NewSecret(text(row.token, "token_data", "refresh_token")),
		ClientID:     text(row.config, "oauth_config", "client_id"),
		ClientSecret: briefing.NewSecret(text(row.config, "oauth_config", "client_secret")),
		Scopes:       scopes,
		Email:        text(row.metadata, "metadata", "email"),
		Subject:      text(row.metadata, "metadata", "sub"),
		Version:      row.version,
	}
	return c, malformed(row.reader, errors.Join(faults...))
}

// clear takes out what a new grant c must not inherit, and what cannot be read anyway.
func (row *tokenRow) clear(c briefing.Credential) {
	delete(row.token, "refresh_token")
	delete(row.token, sealedMember)
	delete(row.config, sealedMember)
	if c.Email != "" || c.Subject != "" {
		delete(row.metadata, "email")
		delete(row.metadata, "sub")
	}
	if _, err := parseScopes(row.scopes); err != nil {
		row.scopes = ""
	}
}

// put writes what c holds over the row; what c lacks stays. was is when the access token in the row expires, zero when
// that is not known.
func (row *tokenRow) put(c briefing.Credential, was, now time.Time) error {
	delete(row.token, flatMember)
	row.token.set("access_token", c.AccessToken.Reveal())
	row.token.set("refresh_token", c.RefreshToken.Reveal())
	if kind, err := row.token.text("token_type"); err != nil || kind == "" {
		row.token.set("token_type", "Bearer")
	}
	row.config.set("client_id", c.ClientID)
	row.config.set("client_secret", c.ClientSecret.Reveal())
	if uri, err := row.config.text("token_uri"); c.ClientID != "" && (err != nil || uri == "") {
		row.config.set("token_uri", googleTokenURI)
	}
	row.metadata.set("email", clean(c.Email))
	row.metadata.set("sub", clean(c.Subject))
	row.expiry = c.State.Expiry
	row.tellExpiry(was, now)
	if len(c.Scopes) > 0 {
		scopes, err := json.Marshal(c.Scopes)
		if err != nil {
			return err
		}
		row.scopes = string(scopes)
	}
	return nil
}

// values are token_data, oauth_config, scopes, metadata, expiry and updated_at as they are stored.
func (row tokenRow) values(now time.Time) ([]any, error) {
	var expiry, config any
	if !row.expiry.IsZero() {
		expiry = row.expiry.UTC().Format(naiveForm)
	}
	token, err := row.keys.sealColumn(tokenColumn, string(row.reader), row.token.String())
	if err == nil && len(row.config) > 0 {
		config, err = row.keys.sealColumn(configColumn, string(row.reader), row.config.String())
	}
	return []any{token, config, nullable(row.joinScopes()), row.metadata.String(), expiry, now.UTC().Format(naiveForm)}, err
}

const updateToken = "UPDATE gmail_token SET token_data = ?, oauth_config = ?, scopes = ?, metadata = ?, expiry = ?, updated_at = ?"

func (row tokenRow) update(ctx context.Context, q *session, now time.Time) error {
	update, args, err := q.shared.tokens.update(row, now)
	if err == nil {
		_, err = q.exec(ctx, update, args...)
	}
	return err
}

// replace is update and returns the row as the database tells it, from which its version is made.
func (row tokenRow) replace(ctx context.Context, q *session, now time.Time) (tokenRow, error) {
	update, args, err := q.shared.tokens.update(row, now)
	if err != nil {
		return tokenRow{}, err
	}
	raw, found, err := one(ctx, q, q.scanToken, update+" RETURNING "+q.shared.tokens.columns, args...)
	if err == nil && !found {
		err = briefing.ErrNotFound
	}
	if err != nil {
		return tokenRow{}, fmt.Errorf("grant of reader %s: %w", row.reader, err)
	}
	return raw.parse(row.reader)
}

func (row tokenRow) insert(ctx context.Context, q *session, now time.Time) error {
	insert, args, err := q.shared.tokens.insert(row, now)
	if err == nil {
		_, err = q.exec(ctx, insert, args...)
	}
	return err
}
