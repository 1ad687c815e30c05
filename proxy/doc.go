// Package proxy relays between clients and the upstream server.
package proxy
