package e2e

import (
	"bytes"
	"encoding/binary"
)

// Frontend messages, as a client of the protocol writes them: https://www.postgresql.org/docs/current/protocol-message-formats.html.

func msg(typ byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(binary.BigEndian.AppendUint32([]byte{typ}, uint32(len(body)+4)), body...)
}

func int16s(v ...int) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(v)))
	for _, n := range v {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	return out
}

func int32of(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func msgParse(name, sql string, oids ...int) []byte {
	types := binary.BigEndian.AppendUint16(nil, uint16(len(oids)))
	for _, oid := range oids {
		types = append(types, int32of(oid)...)
	}
	return msg('P', zero(name), zero(sql), types)
}

// msgBind binds values, nil for NULL; formats as the protocol has them: none, one for all, or one each.
func msgBind(portal, statement string, formats []int, values [][]byte, results ...int) []byte {
	return msg('B', zero(portal), zero(statement), int16s(formats...), valueList(values), int16s(results...))
}

func valueList(values [][]byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(values)))
	for _, v := range values {
		if v == nil {
			out = append(out, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		out = append(append(out, int32of(len(v))...), v...)
	}
	return out
}

// text makes parameter values of texts.
func textValues(texts ...string) [][]byte {
	var out [][]byte
	for _, s := range texts {
		out = append(out, []byte(s))
	}
	return out
}

func msgDescribe(kind byte, name string) []byte { return msg('D', []byte{kind}, zero(name)) }
func msgClose(kind byte, name string) []byte    { return msg('C', []byte{kind}, zero(name)) }
func msgExecute(portal string, rows int) []byte { return msg('E', zero(portal), int32of(rows)) }
func msgSync() []byte                           { return msg('S') }
func msgFlush() []byte                          { return msg('H') }
func msgData(text string) []byte                { return msg('d', []byte(text)) }
func msgCall(oid, format int, args [][]byte) []byte {
	return msg('F', int32of(oid), int16s(format), valueList(args), []byte{0, byte(format)})
}

// oneShot is a statement through the unnamed statement and portal, up to Sync.
func oneShot(sql string, values ...string) []byte {
	return bytes.Join([][]byte{msgParse("", sql), msgBind("", "", nil, textValues(values...)), msgDescribe('P', ""), msgExecute("", 0), msgSync()}, nil)
}
