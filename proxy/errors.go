package proxy

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// fatal is an ErrorResponse that ends the session.
func fatal(code, text, hint string) []byte {
	return encoded(&pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: code, Message: text, Hint: hint})
}

// refusal is the ErrorResponse of a statement that was not sent.
func refusal(e *rewrite.Error) []byte {
	return encoded(&pgproto3.ErrorResponse{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: e.Code, Message: e.Message,
		Detail: e.Detail, Hint: e.Hint, Position: int32(e.Position)})
}

// withheld stands for the text of an error that could carry a raw value.
const withheld = "cordon: the text of this error is withheld, since it could hold a masked value"

// telling is what may be told of the text of a server's error.
type telling uint8

const (
	toldWhole   telling = iota
	toldKind            // without values: which row raised first would tell in what order rows are read
	toldNothing         // it could hold a raw value
)

// filterError keeps severity, SQLSTATE and message of a server's error; the rest could name what the twin lacks, and a position is one of the text that was sent.
func filterError(body []byte, tell telling) ([]byte, string, error) {
	var e pgproto3.ErrorResponse
	if err := decode(&e, body); err != nil {
		return nil, "", err
	}
	kept := pgproto3.ErrorResponse{Severity: e.Severity, SeverityUnlocalized: e.SeverityUnlocalized, Code: e.Code, Message: rewrite.ClientMessage(e.Code, e.Message)}
	switch tell {
	case toldKind:
		kept.Message = withoutValues(kept.Message)
	case toldNothing:
		kept.Message = withheld
	}
	return encoded(&kept), e.Code, nil
}

// withheldValue stands for the text of an error that tells nothing once its values are left out.
const withheldValue = "cordon: the text of this error is withheld, since it could tell which row comes first"

var (
	quotedValue = regexp.MustCompile(`(?s)".*"`) // a value may hold quotes
	bareValue   = regexp.MustCompile(`[\w.+-]*\d[\w.+-]*|\b[A-F]{4,}\b`)
)

// withoutValues leaves out of a message what a row may have put there: what is quoted, numbers, and code points. A server that speaks another language
// than English may quote otherwise.
func withoutValues(message string) string {
	kind := bareValue.ReplaceAllString(quotedValue.ReplaceAllString(message, `"..."`), "...")
	if strings.ContainsFunc(kind, func(r rune) bool { return r > '~' || r < ' ' }) {
		return withheldValue
	}
	return kind
}

// isFatal says that an error ends the session.
func isFatal(body []byte) bool {
	var e pgproto3.ErrorResponse
	return decode(&e, body) == nil && (e.SeverityUnlocalized == "FATAL" || e.SeverityUnlocalized == "PANIC")
}

// loginRefused is why the server did not let a client in.
func loginRefused(msg []byte) error {
	var e pgproto3.ErrorResponse
	if err := decode(&e, msg[5:]); err != nil {
		return fmt.Errorf("%w: ErrorResponse: %w", errProtocol, err)
	}
	return fmt.Errorf("the server refused the login: %s: %s", e.Code, e.Message)
}

// filterNotice keeps as much of a notice as of an error, and nothing of those below NOTICE.
func filterNotice(body []byte, opaque bool) ([]byte, error) {
	var n pgproto3.NoticeResponse
	if err := decode(&n, body); err != nil {
		return nil, err
	}
	severity := n.SeverityUnlocalized
	if severity != "NOTICE" && severity != "WARNING" {
		return nil, nil
	}
	kept := pgproto3.NoticeResponse{Severity: n.Severity, SeverityUnlocalized: severity, Code: n.Code, Message: n.Message}
	if opaque {
		kept.Message = withheld
	}
	return encoded(&kept), nil
}

// encoded frames a message of cordon's own making, which is never too long to encode.
func encoded(m pgproto3.BackendMessage) []byte {
	out, err := m.Encode(nil)
	if err != nil {
		panic(fmt.Sprintf("encoding a message: %v", err))
	}
	return out
}
