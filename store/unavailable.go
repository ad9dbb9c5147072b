package store

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"achim/briefing"
)

// unavailable gives an error the reason Unavailable when it says that the database cannot be reached or
// used at present, and returns any other as it is: that is a fault here, which no waiting mends.
func unavailable(err error) error {
	if err == nil || !isAway(err) {
		return err
	}
	if _, known := errors.AsType[*briefing.Error](err); known {
		return err
	}
	return &briefing.Error{Op: "database", Reason: briefing.Unavailable, Err: err}
}

// isAway reports whether the database is what failed, rather than what it was asked.
func isAway(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		// Connection trouble, starting up or shutting down, no connection left.
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P") || e.Code == "53300"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := e.Code() & 0xff // the rest tells apart kinds of one trouble
		return slices.Contains([]int{sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
			sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}, primary)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}
