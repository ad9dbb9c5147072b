package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"achim/briefing"
	"achim/internal/config"
	"achim/internal/engine"
	"achim/internal/secret"
	"achim/store"
)

// ErrNoEncryptionKey is returned where something is asked of the key and there is none.
var ErrNoEncryptionKey = errors.New("ACHIM_ENCRYPTION_KEY: not set: nothing is sealed with it; achim keys generate makes one")

// errOneKey is returned where an old key is to go and there is none.
var errOneKey = errors.New("ACHIM_ENCRYPTION_KEY holds one key: there is no old one to drop")

// Resealed counts what sealing, or unsealing, has done.
type Resealed = store.Resealed

// sealerOf returns what the configuration's key seals with; nil without one.
func sealerOf(cfg config.Config) (*secret.Sealer, error) {
	if cfg.EncryptionKey.IsZero() {
		return nil, nil
	}
	s, err := secret.NewSealer(cfg.EncryptionKey.Reveal())
	if err != nil {
		return nil, fmt.Errorf("ACHIM_ENCRYPTION_KEY: %w", err) // which loading has said already
	}
	return s, nil
}

// GenerateKey returns a fresh key, or a keyset with one.
func GenerateKey(keyset bool) (briefing.Secret, error) {
	if keyset {
		return secret.GenerateKeyset()
	}
	return secret.GenerateKey(), nil
}

// Keyset is a keyset, and what is in it.
type Keyset struct {
	JSON briefing.Secret
	Keys []string // the ids, the primary one first
}

// RotateKey returns the configured keys with a fresh primary one. Nothing is written anywhere.
func RotateKey(cfg Config) (Keyset, error) {
	s, err := sealerOf(cfg)
	if err == nil && s == nil {
		err = ErrNoEncryptionKey
	}
	if err != nil {
		return Keyset{}, err
	}
	return keysetOf(s.Rotated())
}

// keysetOf tells what is in a keyset.
func keysetOf(json briefing.Secret, err error) (Keyset, error) {
	if err != nil {
		return Keyset{}, fmt.Errorf("make a keyset: %w", err)
	}
	s, err := secret.NewSealer(json.Reveal())
	if err != nil {
		return Keyset{}, fmt.Errorf("make a keyset: %w", err)
	}
	return Keyset{JSON: json, Keys: s.Keys()}, nil
}

// KeysNeededError says that rows need a key that was to go.
type KeysNeededError struct{ Rows []store.SealCount }

// Error names the rows and the remedy.
func (e *KeysNeededError) Error() string {
	text := "an old key is still needed:"
	for _, c := range e.Rows {
		text += fmt.Sprintf(" %s: %s of key %s;", c.Table, plural(int(c.Rows), "row", "rows"), c.Key)
	}
	return text + " run achim keys rotate --reseal, then this again"
}

// DropOldKeys returns the keyset with the primary key alone, once no row needs another. It is a KeysNeededError while
// one does.
func (a *App) DropOldKeys(ctx context.Context) (Keyset, error) {
	s, err := sealerOf(a.Config)
	if err == nil && s == nil {
		err = ErrNoEncryptionKey
	}
	if err != nil {
		return Keyset{}, err
	}
	if len(s.Keys()) == 1 {
		return Keyset{}, errOneKey
	}
	counts, _, err := a.Store.Seals(ctx)
	if err != nil {
		return Keyset{}, err
	}
	var needed []store.SealCount
	for _, c := range counts {
		if c.Key != "" && c.Key != store.NoKey && c.Key != s.Keys()[0] {
			needed = append(needed, c)
		}
	}
	if len(needed) > 0 {
		return Keyset{}, &KeysNeededError{needed}
	}
	return keysetOf(s.PrimaryAlone())
}

// Reseal seals everything that is stored with the primary key, without rest, and tells update how far it is.
func (a *App) Reseal(ctx context.Context, update func(Resealed)) (Resealed, error) {
	if len(a.Store.Keys()) == 0 {
		return Resealed{}, ErrNoEncryptionKey
	}
	return a.Store.Reseal(ctx, store.Resealing{Progress: update})
}

// ErrServeLacksKey means that a command has a key that a running serve was not started with.
var ErrServeLacksKey = errors.New("ACHIM_ENCRYPTION_KEY: achim serve runs without this key, and could not read what this command seals: restart it with the key first " +
	"(every serve on this database; one that was killed counts for half a minute)")

// refuseNewKey returns ErrServeLacksKey when an engine runs and the key that seals was not noted: serve notes its own when it
// starts, so that this one is not serve's.
func (a *App) refuseNewKey(ctx context.Context) error {
	lacks, err := serveLacksKey(ctx, a.Store)
	if err == nil && lacks {
		err = ErrServeLacksKey
	}
	return err
}

// serveLacksKey reports whether an engine runs on the database without the key that s seals with.
func serveLacksKey(ctx context.Context, s *store.Store) (bool, error) {
	if noted, err := s.KeyNoted(ctx); err != nil || noted {
		return false, err
	}
	return engineRuns(ctx, s)
}

// ErrSealing means that a process with an engine is there, which would seal again what is turned plain.
var ErrSealing = errors.New("achim serve works on this database and would seal again what is turned plain: stop every serve (one that was killed counts for half a minute), then run achim keys unseal again")

// Unseal turns everything that is stored plain. It is refused beside a serve, and none starts meanwhile; where one had been
// started at that very moment, that is the error in the end.
func (a *App) Unseal(ctx context.Context, update func(Resealed)) (Resealed, error) {
	if len(a.Store.Keys()) == 0 {
		return Resealed{}, ErrNoEncryptionKey
	}
	release, err := a.Store.LockUnsealing(ctx)
	if errors.Is(err, store.ErrEngineBusy) {
		err = ErrSealing
	}
	if err != nil {
		return Resealed{}, err
	}
	defer release()
	if err := a.alone(ctx); err != nil {
		return Resealed{}, err
	}
	done, err := a.Store.Unseal(ctx, store.Resealing{Progress: update})
	if err == nil {
		err = a.alone(ctx)
	}
	return done, err
}

// alone returns ErrSealing when an engine runs on PostgreSQL. On SQLite its lock is held here.
func (a *App) alone(ctx context.Context) error {
	if a.Store.Exclusive() {
		return nil
	}
	led, err := engine.Led(ctx, a.Store.Pool())
	if err == nil && led {
		err = ErrSealing
	}
	return err
}

// sealingTold is how often sealing says how far it is.
const sealingTold = 10 * time.Second

// seal seals in the background what is plain or sealed with an old key: everything until that was done once, then the
// readers' grants, into which other programs write. It rests as long as it works, so that briefings go first. What it does not
// get to is done at the next start, or tonight.
func (a *App) seal(ctx context.Context) {
	if len(a.Store.Keys()) == 0 || !a.sealing.TryLock() {
		return
	}
	defer a.sealing.Unlock()
	swept, err := a.Store.Swept(ctx)
	if err != nil {
		a.Logger.ErrorContext(ctx, "nothing can be sealed now; tonight tries again", "error", err)
		return
	}
	told := time.Now()
	done, err := a.Store.Reseal(ctx, store.Resealing{TokensOnly: swept, Rest: rest, Progress: func(done Resealed) {
		if time.Since(told) > sealingTold {
			told = time.Now()
			a.Logger.InfoContext(ctx, "sealing what is stored", "rows_sealed", done.Rows)
		}
	}})
	switch {
	case ctx.Err() != nil:
		a.Logger.InfoContext(ctx, "sealing is interrupted; the next start goes on", "rows_sealed", done.Rows)
	case err != nil:
		a.Logger.ErrorContext(ctx, "sealing failed; tonight tries again", "rows_sealed", done.Rows, "error", err)
	case done.Rows > 0 || !swept:
		a.Logger.InfoContext(ctx, "what is stored is sealed", "rows_sealed", done.Rows, "rows_left_plain", done.Staying.Total(), "key", a.Store.Keys()[0])
	}
	if done.Unopened > 0 {
		a.Logger.ErrorContext(ctx, "what is sealed cannot be opened and stays as it is: the key is not held, or the rows were changed",
			"texts", done.Unopened)
	}
}

// rest waits, for as long as work took.
func rest(ctx context.Context, took time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(took):
	}
}
