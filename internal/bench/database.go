package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"achim/briefing"
	"achim/store"
)

// The databases.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// serverVariable names the PostgreSQL server to make a schema in.
const serverVariable = "TEST_DATABASE_URL"

// database is a fresh one for a single measurement.
type database struct {
	url    string
	schema string // of PostgreSQL
}

// newDatabase makes an empty database: a file in the folder, or a schema of the server.
func newDatabase(ctx context.Context, kind, folder string) (database, error) {
	if kind == sqlite {
		return database{url: "sqlite:" + filepath.Join(folder, "achim.db")}, nil
	}
	u, err := url.Parse(os.Getenv(serverVariable))
	if err != nil {
		return database{}, errors.New(serverVariable + " is not a URL")
	}
	db := database{schema: "bench_" + briefing.NewID()}
	query := u.Query()
	query.Set("search_path", db.schema)
	u.RawQuery = query.Encode()
	db.url = u.String()
	return db, administer(ctx, "CREATE SCHEMA "+db.schema)
}

// drop removes the database. That of SQLite goes with its folder.
func (d database) drop(ctx context.Context) error {
	if d.schema == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	return administer(ctx, "DROP SCHEMA "+d.schema+" CASCADE")
}

// administer runs a statement on the server. The driver is the store's.
func administer(ctx context.Context, statement string) error {
	db, err := sql.Open("pgx", os.Getenv(serverVariable))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// fill migrates the database and adds the readers with their grants. Their access tokens have expired, as
// they have every morning.
func (d database) fill(ctx context.Context, s standIns) (err error) {
	db, err := store.Open(ctx, d.url, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	yesterday := time.Now().Add(-23 * time.Hour)
	for i, grant := range s.Grants {
		who := readerOf(i)
		r, err := db.SaveReader(ctx, briefing.Reader{
			ID: briefing.ReaderID(who.id), Name: who.name, SlackUserID: who.slack, Email: who.email,
		})
		if err != nil {
			return fmt.Errorf("reader %d: %w", i, err)
		}
		err = db.SaveGrant(ctx, briefing.Credential{
			ReaderID: r.ID, Email: who.email, ClientID: clientID, ClientSecret: briefing.NewSecret(clientSecret),
			AccessToken: briefing.NewSecret(grant.AccessToken), RefreshToken: briefing.NewSecret(grant.RefreshToken),
			Scopes: grant.Scopes, State: briefing.CredentialState{Expiry: yesterday},
		})
		if err != nil {
			return fmt.Errorf("grant %d: %w", i, err)
		}
	}
	return nil
}
