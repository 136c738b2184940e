package auth0

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// unreachable explains in a message why a request has no answer. It leaves out what differs between attempts, such as ports and
// numbers of streams: a repetition is not news. A cancelled context is not a failure of Auth0 and is returned unchanged.
func unreachable(request *http.Request, route string, err error) error {
	if ctx := request.Context(); errors.Is(context.Cause(ctx), context.Canceled) {
		return ctx.Err()
	}
	host := request.URL.Host
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &Error{Class: ClassUntrusted, Route: route, Message: "the certificate of " + host + " is not trusted: " + distrust(untrusted)}
	}
	return &Error{Class: ClassUnavailable, Route: route, Message: "no answer from " + host + ": " + cause(err)}
}

// distrust says what is wrong with a certificate.
func distrust(untrusted error) string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](untrusted); ok && invalid.Reason == x509.Expired {
		return "it has expired, or is not valid yet"
	}
	return strings.TrimPrefix(innermost(untrusted).Error(), "x509: ")
}

// cause says what broke a connection, or prevented it.
func cause(err error) string {
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "proxyconnect" {
		return "the proxy: " + cause(failed.Err)
	}
	if unresolved, ok := errors.AsType[*net.DNSError](err); ok {
		return unresolved.Err
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return "it takes too long"
	}
	last := innermost(err)
	if errors.Is(last, io.EOF) || errors.Is(last, io.ErrUnexpectedEOF) || isHTTP2(last) {
		return "the connection broke"
	}
	return last.Error()
}

// isHTTP2 reports whether the server ended an HTTP/2 stream or connection. net/http has no types for that.
func isHTTP2(err error) bool {
	return strings.HasPrefix(err.Error(), "stream error:") || strings.HasPrefix(err.Error(), "http2:")
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
