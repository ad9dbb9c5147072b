package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"achim/internal/secret"
)

// SealCount is how many rows of a table need a key.
type SealCount struct {
	Table string
	Key   string // "" = plain; NoKey = nobody can open it
	Rows  int64
	Held  bool // the Sealer opens it; plain rows count as held
}

// Seals counts every row that holds something to seal, by table and key, and apart from them what of gmail_token is plain
// and stays so. A row of which parts need different keys counts for each. It reads all tables: after a year of briefings
// that takes minutes.
func (s *Store) Seals(ctx context.Context) ([]SealCount, Staying, error) {
	tokens, staying, err := s.tokenSeals(ctx)
	if err != nil {
		return nil, Staying{}, err
	}
	all := s.keys.counts("gmail_token", tokens)
	for _, table := range sealedTables {
		counts, err := s.tableSeals(ctx, table)
		if err != nil {
			return nil, Staying{}, err
		}
		all = append(all, s.keys.counts(table.name, counts)...)
	}
	slices.SortFunc(all, func(a, b SealCount) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key)) })
	return all, staying, nil
}

func (k keyring) counts(table string, byKey map[string]int64) []SealCount {
	var all []SealCount
	for key, rows := range byKey {
		all = append(all, SealCount{Table: table, Key: key, Rows: rows, Held: k.holds(key)})
	}
	return all
}

// tableSeals counts the rows of a table by the keys they need.
func (s *Store) tableSeals(ctx context.Context, t sealedTable) (map[string]int64, error) {
	type group struct {
		heads []string
		rows  int64
	}
	heads := make([]string, len(t.columns))
	for i, column := range t.columns {
		heads[i] = fmt.Sprintf("CASE WHEN %s IS NULL THEN 'null' WHEN substr(%[1]s, 1, %d) = '%s' THEN substr(%[1]s, 1, %[4]d) ELSE '' END",
			column, len(sealedMark), sealedMark, headLen)
	}
	groups, err := list(ctx, s.reader(), func(row scanner) (group, error) {
		g := group{heads: make([]string, len(t.columns))}
		targets := make([]any, 0, len(heads)+1)
		for i := range g.heads {
			targets = append(targets, &g.heads[i])
		}
		err := row.Scan(append(targets, &g.rows)...)
		return g, err
	}, "SELECT "+strings.Join(heads, ", ")+", COUNT(*) FROM "+t.name+" WHERE "+t.some("% IS NOT NULL")+
		" GROUP BY "+strings.Join(heads, ", "))
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", t.name, err)
	}
	counts := map[string]int64{}
	for _, g := range groups {
		slices.Sort(g.heads)
		for _, head := range slices.Compact(g.heads) {
			if head != "null" {
				counts[keyIDOf(head)] += g.rows
			}
		}
	}
	return counts, nil
}

// tokenPage is how many rows of gmail_token are read at a time.
const tokenPage = 1000

// tokenSeals counts the rows of gmail_token by the keys they need, and those that stay plain.
func (s *Store) tokenSeals(ctx context.Context) (counts map[string]int64, staying Staying, err error) {
	counts = map[string]int64{}
	err = s.eachToken(ctx, tokenPage, func(page []ownedToken) error {
		if err := s.findReaders(ctx, page); err != nil {
			return err
		}
		for _, o := range page {
			if o.lost() {
				counts[NoKey]++
				continue
			}
			if staying.foreign(o) {
				continue
			}
			for _, key := range o.needs(&staying) {
				counts[key]++
			}
		}
		return nil
	})
	return counts, staying, err
}

// needs returns the keys that the parts of a row need, "" for what is plain and may be sealed.
func (o ownedToken) needs(staying *Staying) []string {
	var keys []string
	if key, secrets := tokenColumn.keyOf(o.raw.token); secrets {
		keys = append(keys, key)
	}
	if key, secrets := configColumn.keyOf(o.raw.config); secrets {
		keys = append(keys, key)
	}
	if o.raw.flat != (flatTokens{}) {
		if row, _ := o.raw.parse(o.owner); !staying.flat(o, row) {
			keys = append(keys, "")
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// tokenKeys counts the sealed rows of gmail_token by the keys they need, as the text of the columns tells: every start
// does this, and to make sense of 100,000 rows takes seconds. Those that have lost their owner need none: no key opens them.
func (s *Store) tokenKeys(ctx context.Context) (map[string]int64, error) {
	type group struct {
		heads [2]string
		rows  int64
	}
	token, config := s.dialect.after("CAST(token_data AS TEXT)", sealedMember), s.dialect.after("CAST(oauth_config AS TEXT)", sealedMember)
	t, owned, args := &s.shapes.Load().tokens, "user_id IS NOT NULL", []any(nil)
	if t.nameless {
		owned, args = "NOT "+t.ownerless(), []any{t.none()}
	}
	groups, err := list(ctx, s.reader(), func(row scanner) (g group, err error) {
		err = row.Scan(opt(&g.heads[0]), opt(&g.heads[1]), &g.rows)
		return g, err
	}, "SELECT "+token+", "+config+", COUNT(*) FROM gmail_token WHERE "+owned+" GROUP BY 1, 2", args...)
	if err != nil {
		return nil, fmt.Errorf("keys of gmail_token: %w", err)
	}
	counts := map[string]int64{}
	for _, g := range groups {
		var ids [2]string
		for i, head := range g.heads {
			if text := strings.TrimLeft(head, `: "`); len(text) >= idChars {
				ids[i], _ = secret.KeyOf(text[:idChars] + "A")
			}
		}
		for i, id := range ids {
			if id != "" && (i == 0 || id != ids[0]) {
				counts[id] += g.rows
			}
		}
	}
	return counts, nil
}

// idChars is how many characters of base64 hold a key's id, and next to nothing else, by which there would be more
// groups.
const idChars = 7

// eachToken reads gmail_token in pages, first the rows without an owner, then in the order of the owners. Rows that are
// passed over are among them: they hold tokens, too, and may need a key.
func (s *Store) eachToken(ctx context.Context, size int, do func(page []ownedToken) error) error {
	t := &s.shapes.Load().tokens
	if !t.nameless {
		return s.walk(ctx, t, t.key+" >= ?", size, do)
	}
	err := s.walk(ctx, t.ofNobody(!s.Exclusive()), t.ownerless(), size, func(page []ownedToken) error {
		for i := range page {
			page[i].nobodys = true
		}
		return do(page)
	})
	if err != nil {
		return err
	}
	return s.walk(ctx, t, t.key+" > ?", size, do)
}

// walk reads the rows that fulfil a condition, which has none of the table as its argument.
func (s *Store) walk(ctx context.Context, t *tokenTable, condition string, size int, do func(page []ownedToken) error) error {
	place, from := "", " AND "+t.key+" > ?"
	if !t.sole {
		// In the order in which they stand; ctid alone would be the text that is read.
		place = ", CAST(tableoid AS BIGINT), gmail_token.ctid"
		from = " AND (" + t.key + place + ") > (?, ?, ?::tid)"
	}
	q, after, args := s.reader(), "", []any{t.none()}
	for {
		var part int64
		page, err := list(ctx, q, func(row scanner) (ownedToken, error) { return q.scanOwnedIn(t, behind{row, []any{&part}}) },
			"SELECT "+t.key+", "+t.columns+t.part()+" FROM gmail_token WHERE "+condition+after+" ORDER BY "+t.key+place+" LIMIT ?", slices.Concat(args, []any{size})...)
		if err != nil {
			return fmt.Errorf("read gmail_token: %w", err)
		}
		if err := do(page); err != nil || len(page) < size {
			return err
		}
		last := page[len(page)-1]
		after, args = from, []any{t.none(), last.key}
		if !t.sole {
			args = append(args, part, last.raw.place)
		}
	}
}
