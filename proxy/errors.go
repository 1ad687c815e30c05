package proxy

import (
	"fmt"

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

// filterError keeps severity, SQLSTATE and message of a server's error; the rest could name what the twin lacks, and a position is one of the text that was sent.
func filterError(body []byte, opaque bool) ([]byte, string, error) {
	var e pgproto3.ErrorResponse
	if err := decode(&e, body); err != nil {
		return nil, "", err
	}
	kept := pgproto3.ErrorResponse{Severity: e.Severity, SeverityUnlocalized: e.SeverityUnlocalized, Code: e.Code, Message: rewrite.ClientMessage(e.Code, e.Message)}
	if opaque {
		kept.Message = withheld
	}
	return encoded(&kept), e.Code, nil
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
