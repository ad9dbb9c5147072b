package store

import (
	"context"
	"fmt"
	"strings"

	"achim/briefing"
)

// Staying counts the rows of gmail_token that stay plain beside a key, in whole or in part, by the reason.
type Staying struct {
	NoReader     int64 `json:"no_reader"`     // other programs': sealed once there is such a reader
	StrangeOwner int64 `json:"strange_owner"` // no reader's either: user_id is no UUID
	NoOwner      int64 `json:"no_owner"`      // nor these: user_id is empty
	FlatChanged  int64 `json:"flat_changed"`  // somebody else has put another refresh token into the flat columns
	FlatUnread   int64 `json:"flat_unread"`   // token_data cannot be read, so that the flat columns are left alone
}

// Total is how many rows that are.
func (st Staying) Total() int64 {
	return st.NoReader + st.StrangeOwner + st.NoOwner + st.FlatChanged + st.FlatUnread
}

// Whole are those of which everything stays plain.
func (st Staying) Whole() Staying {
	st.FlatChanged, st.FlatUnread = 0, 0
	return st
}

// InPart are those of which only flat columns stay plain.
func (st Staying) InPart() Staying {
	return Staying{FlatChanged: st.FlatChanged, FlatUnread: st.FlatUnread}
}

// String tells how many for which reason, in part of a sentence, without the number where all have the same; "" when
// nothing stays plain.
func (st Staying) String() string {
	var parts []string
	total := st.Total()
	for _, why := range []struct {
		rows      int64
		one, many string
	}{
		{st.NoReader, "belongs to no reader here", "belong to no reader here"},
		{st.StrangeOwner, "has a user_id that is no UUID", "have a user_id that is no UUID"},
		{st.NoOwner, "has no user_id", "have no user_id"},
		{st.FlatChanged, "has flat columns with another refresh token than token_data", "have flat columns with another refresh token than token_data"},
		{st.FlatUnread, "has flat columns beside a token_data that cannot be read", "have flat columns beside a token_data that cannot be read"},
	} {
		switch {
		case why.rows == 0:
		case why.rows == total && total == 1:
			return "it " + why.one
		case why.rows == total:
			return "they " + why.many
		case why.rows == 1:
			parts = append(parts, "1 "+why.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", why.rows, why.many))
		}
	}
	return strings.Join(parts, ", ")
}

// foreign reports whether nothing of the row is to be sealed, since it is no reader's, and counts it if there is anything.
// What is sealed already was a reader's once, and nobody but this program reads it.
func (st *Staying) foreign(o ownedToken) bool {
	if o.readers {
		return false
	}
	token, isToken := tokenColumn.keyOf(o.raw.token)
	config, isConfig := configColumn.keyOf(o.raw.config)
	switch {
	case token != "" || config != "":
		return false
	case !isToken && !isConfig && o.raw.flat == flatTokens{}:
	case o.nobodys:
		st.NoOwner++
	case o.alien:
		st.StrangeOwner++
	default:
		st.NoReader++
	}
	return true
}

// flat reports whether the tokens in flat columns stay there, and counts the row if they do. row is what was read of it.
func (st *Staying) flat(o ownedToken, row tokenRow) bool {
	switch {
	case o.raw.flat == flatTokens{}:
	case row.unread:
		st.FlatUnread++
		return true
	case row.leaveFlat:
		st.FlatChanged++
		return true
	}
	return false
}

// findReaders notes which of the rows are readers', of those who are gone too.
func (s *Store) findReaders(ctx context.Context, rows []ownedToken) error {
	owners := make([]string, len(rows))
	for i, o := range rows {
		owners[i] = string(o.owner)
	}
	ids, err := listIn(ctx, s.reader(), scalar[briefing.ReaderID], "SELECT id FROM achim_reader WHERE id", owners)
	if err != nil {
		return fmt.Errorf("whose rows of gmail_token: %w", err)
	}
	known := make(map[briefing.ReaderID]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	for i := range rows {
		rows[i].readers = known[rows[i].owner]
	}
	return nil
}
