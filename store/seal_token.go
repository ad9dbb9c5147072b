package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"achim/internal/secret"
)

// sealedMember holds, as base64, what of a JSON column of gmail_token is sealed: all of it, as it would stand there
// plain. Beside it stands what is no secret, for the other programs that read the row.
const sealedMember = "achim_sealed"

// sharedColumn is a JSON column of gmail_token that holds secrets.
type sharedColumn struct {
	name  string
	shown func(members object) object // what stands in the clear beside what is sealed
}

// The columns of gmail_token that are sealed. Of oauth_config the client's id stays, by which programs tell clients
// apart; whoever wants its secret finds none.
var (
	tokenColumn = sharedColumn{"gmail_token.token_data", func(object) object {
		shown := object{}
		shown.set("token_type", "Bearer")
		return shown
	}}
	configColumn = sharedColumn{"gmail_token.oauth_config", func(members object) object {
		shown := object{}
		for _, name := range []string{"client_id", "token_uri"} {
			if value, err := members.text(name); err == nil {
				shown.set(name, value)
			}
		}
		return shown
	}}
)

// place returns where the column of an owner's row is. An id is written in one way on PostgreSQL, and in any on SQLite.
func (c sharedColumn) place(owner string) string { return placeOf(c.name, strings.ToLower(owner)) }

// isSecret reports whether the column holds more than is shown.
func (c sharedColumn) isSecret(text string) bool {
	if text == "" || text == "null" {
		return false
	}
	members, err := parseObject(text)
	return err != nil || !members.within(c.shown(members))
}

// within reports whether every member stands in the other object too.
func (o object) within(other object) bool {
	for name, value := range o {
		if !sameMember(other[name], value) {
			return false
		}
	}
	return true
}

// sameMember reports whether two members are the same, texts also when they are escaped differently.
func sameMember(a, b json.RawMessage) bool {
	var one, two string
	return bytes.Equal(a, b) || (json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &two) == nil && one == two)
}

// sealColumn returns the stored form of a column.
func (k keyring) sealColumn(c sharedColumn, owner, text string) (string, error) {
	if k.sealer == nil || !c.isSecret(text) {
		return text, nil
	}
	sealed, err := k.sealer.Seal(c.place(owner), text)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", c.name, err)
	}
	members, _ := parseObject(text)
	outer := c.shown(members)
	outer.set(sealedMember, sealed)
	return outer.String(), nil
}

// openColumn returns the column as it would stand there plain: as it was sealed, to the byte. What another program has
// put beside it since counts more.
func (k keyring) openColumn(c sharedColumn, owner, stored string) (string, error) {
	outer, err := parseObject(stored)
	if _, sealed := outer[sealedMember]; err != nil || !sealed {
		return stored, nil // which whoever parses it judges
	}
	sealed, err := outer.text(sealedMember)
	if err != nil {
		return "", unopened(c.place(owner), secret.ErrBroken)
	}
	text, err := k.openSealed(c.place(owner), sealed)
	if err != nil {
		return "", err
	}
	members, _ := parseObject(text)
	delete(outer, sealedMember)
	if outer.within(c.shown(members)) {
		return text, nil
	}
	shown := c.shown(members)
	for name, value := range outer {
		if !sameMember(shown[name], value) {
			members[name] = value
		}
	}
	return members.String(), nil
}

// keyOf returns the id of the key the column needs, "" when it is plain. secrets is false when it holds nothing to
// seal.
func (c sharedColumn) keyOf(stored string) (id string, secrets bool) {
	outer, err := parseObject(stored)
	if _, sealed := outer[sealedMember]; err != nil || !sealed {
		return "", c.isSecret(stored)
	}
	text, _ := outer.text(sealedMember)
	id, ok := secret.KeyOf(text)
	if !ok {
		id = NoKey
	}
	return id, true
}

// lacks reports whether the column is sealed with a key that is not held here, but may be elsewhere.
func (k keyring) lacks(c sharedColumn, stored string) bool {
	id, _ := c.keyOf(stored)
	return id != NoKey && !k.holds(id)
}
