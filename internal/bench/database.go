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
	"achim/internal/app"
	"achim/store"
)

// The databases.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// serverVariable names the PostgreSQL server to make a database on.
const serverVariable = "TEST_DATABASE_URL"

// database is a fresh one for a single measurement.
type database struct {
	url  string
	name string // of PostgreSQL's; "" = a file
}

// newDatabase makes an empty database: a file in the folder, or one of the server's.
func newDatabase(ctx context.Context, kind, folder string) (database, error) {
	if kind == sqlite {
		return database{url: "sqlite:" + filepath.Join(folder, "achim.db")}, nil
	}
	u, err := url.Parse(os.Getenv(serverVariable))
	if err != nil {
		return database{}, errors.New(serverVariable + " is not a URL")
	}
	db := database{name: "achim_bench_" + briefing.NewID()}
	u.Path = "/" + db.name
	db.url = u.String()
	return db, administer(ctx, "CREATE DATABASE "+db.name)
}

// drop removes the database. That of SQLite goes with its folder.
func (d database) drop(ctx context.Context) error {
	if d.name == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	return administer(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)")
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
	if _, err := app.Migrate(ctx, app.Config{DatabaseURL: briefing.NewSecret(d.url)}, false); err != nil {
		return err
	}
	db, err := store.Open(ctx, d.url, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	yesterday := time.Now().Add(-23 * time.Hour)
	for i, grant := range s.Grants {
		who := readerOf(i)
		r, err := db.SaveReader(ctx, briefing.Reader{
			ID: briefing.ReaderID(who.id), Name: who.name, SlackUserID: who.slack, Email: who.email, SlackChannelID: s.channelOf(i),
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
