package simulator

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"
)

const (
	alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base58        = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	urlSafe       = alphanumerics + "-_"
)

// random returns n characters drawn evenly from alphabet.
func random(n int, alphabet string) string {
	out := make([]byte, n)
	size := big.NewInt(int64(len(alphabet)))
	for i := range out {
		k, err := rand.Int(rand.Reader, size)
		if err != nil {
			panic(err) // the system has no randomness: nothing here can go on
		}
		out[i] = alphabet[k.Int64()]
	}
	return string(out)
}

// shortID is the form of con_, rol_, org_, cgr_, job_ and their like.
func shortID(prefix string) string { return prefix + random(16, alphanumerics) }

// longID is the form of cred_, est_, evt_ and their like.
func longID(prefix string) string { return prefix + random(22, base58) }

func newClientID() string     { return random(32, alphanumerics) }
func newClientSecret() string { return random(64, urlSafe) }

var objectIDCounter atomic.Uint32

// objectID is 24 hex digits that begin with the time in seconds, as users and resource servers have.
func objectID(now time.Time) string {
	var tail [5]byte
	_, _ = rand.Read(tail[:]) // never fails, see crypto/rand
	return fmt.Sprintf("%08x%s%06x", uint32(now.Unix()&0xffffffff), hex.EncodeToString(tail[:]), objectIDCounter.Add(1)&0xffffff)
}
