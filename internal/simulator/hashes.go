package simulator

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // what other services stored passwords with
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/md4" //nolint:staticcheck,gosec // likewise
	"golang.org/x/crypto/scrypt"
)

// Imported users may bring hashes of their passwords in the form of another service (custom_password_hash). The first
// login that they verify replaces them.

// digests are the hash functions that such hashes are made with.
var digests = map[string]func() hash.Hash{
	"md4": md4.New, "md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384,
	"sha512": sha512.New,
}

// maxHashMemory is what verifying one password may take.
const maxHashMemory = 1 << 30

// verifier reports whether a password is the one that was hashed.
type verifier func(password []byte) bool

// verifierOf reads a custom_password_hash, whose form the schema has checked, or says what is wrong with it.
func verifierOf(custom doc) (verifier, error) {
	verify, err := verifierByAlgorithm(custom)
	if err != nil {
		return nil, err
	}
	encoding := str(object(custom, "password"), "encoding")
	return func(password []byte) bool { return verify(encodePassword(password, encoding)) }, nil
}

func verifierByAlgorithm(custom doc) (verifier, error) {
	stored := object(custom, "hash")
	value, algorithm := str(stored, "value"), str(custom, "algorithm")
	switch algorithm {
	case "bcrypt":
		value = strings.Replace(value, "$2b$", "$2a$", 1)
		if _, err := bcrypt.Cost([]byte(value)); err != nil {
			return nil, err
		}
		return func(password []byte) bool { return bcrypt.CompareHashAndPassword([]byte(value), password) == nil }, nil
	case "argon2":
		return argon2Verifier(value)
	case "pbkdf2":
		return pbkdf2Verifier(value)
	case "ldap":
		return ldapVerifier(value)
	}
	if encoding := str(stored, "encoding"); encoding != "base64" && encoding != "hex" {
		return nil, fmt.Errorf("hash.encoding must be base64 or hex with algorithm %s", algorithm)
	}
	wanted, err := decodeValue(stored)
	if err != nil {
		return nil, fmt.Errorf("hash.value: %w", err)
	}
	salt, err := decodeValue(object(custom, "salt"))
	if err != nil {
		return nil, fmt.Errorf("salt.value: %w", err)
	}
	if algorithm == "scrypt" {
		return scryptVerifier(custom, salt, wanted)
	}
	sum, err := digestOf(algorithm, stored)
	if err != nil {
		return nil, err
	}
	suffix := str(object(custom, "salt"), "position") == "suffix"
	return func(password []byte) bool {
		h := sum()
		if !suffix {
			_, _ = h.Write(salt)
		}
		_, _ = h.Write(password)
		if suffix {
			_, _ = h.Write(salt)
		}
		return sameBytes(h.Sum(nil), wanted)
	}, nil
}

// digestOf is a plain digest, or a keyed one (hmac).
func digestOf(algorithm string, stored doc) (func() hash.Hash, error) {
	if algorithm != "hmac" {
		return digests[algorithm], nil
	}
	digest := digests[str(stored, "digest")]
	if digest == nil {
		return nil, fmt.Errorf("the simulator has no digest %q", str(stored, "digest"))
	}
	key, err := decodeValue(object(stored, "key"))
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("hash.key is needed with algorithm hmac (%w)", err)
	}
	return func() hash.Hash { return hmac.New(digest, key) }, nil
}

// argon2Verifier reads the PHC form: $argon2id$v=19$m=65536,t=3,p=4$salt$hash.
func argon2Verifier(value string) (verifier, error) {
	parts := strings.Split(value, "$")
	if len(parts) != 6 || parts[2] != "v=19" {
		return nil, fmt.Errorf("hash.value must be like $argon2id$v=19$m=65536,t=3,p=4$salt$hash")
	}
	derive := map[string]func(password, salt []byte, time, memory uint32, threads uint8, length uint32) []byte{
		"argon2i": argon2.Key, "argon2id": argon2.IDKey,
	}[parts[1]]
	if derive == nil {
		return nil, fmt.Errorf("the simulator has no %q", parts[1])
	}
	memory, times, threads := phcNumber(parts[3], "m"), phcNumber(parts[3], "t"), phcNumber(parts[3], "p")
	salt, wanted, err := phcSecrets(parts[4], parts[5])
	if err != nil || times < 1 || threads < 1 || threads > 255 || memory < 1 || memory > maxHashMemory>>10 {
		return nil, fmt.Errorf("hash.value has parameters that argon2 does not take: %s (%w)", parts[3], err)
	}
	return func(password []byte) bool {
		//nolint:gosec // bounded above
		return sameBytes(derive(password, salt, uint32(times), uint32(memory), uint8(threads), uint32(len(wanted))), wanted)
	}, nil
}

// pbkdf2Verifier reads the PHC form: $pbkdf2-sha256$i=100000,l=32$salt$hash.
func pbkdf2Verifier(value string) (verifier, error) {
	parts := strings.Split(value, "$")
	if len(parts) != 5 {
		return nil, fmt.Errorf("hash.value must be like $pbkdf2-sha256$i=100000,l=32$salt$hash")
	}
	digest := digests[strings.TrimPrefix(parts[1], "pbkdf2-")]
	iterations := phcNumber(parts[2], "i")
	salt, wanted, err := phcSecrets(parts[3], parts[4])
	if err != nil || digest == nil || iterations < 1 {
		return nil, fmt.Errorf("hash.value has parameters that pbkdf2 does not take: %s, %s (%w)", parts[1], parts[2], err)
	}
	return func(password []byte) bool {
		key, err := pbkdf2.Key(digest, string(password), salt, iterations, len(wanted))
		return err == nil && sameBytes(key, wanted)
	}, nil
}

// scryptVerifier uses the parameters beside the hash.
func scryptVerifier(custom doc, salt, wanted []byte) (verifier, error) {
	length := int(number(custom, "keylen", 0))
	cost, block, parallel := int(number(custom, "cost", 16384)), int(number(custom, "blockSize", 8)), int(number(custom, "parallelization", 1))
	switch {
	case len(salt) == 0:
		return nil, fmt.Errorf("salt is needed with algorithm scrypt")
	case length != len(wanted):
		return nil, fmt.Errorf("keylen is %d, but hash.value has %d bytes", length, len(wanted))
	case cost < 2 || cost&(cost-1) != 0 || block < 1 || parallel < 1 || cost > maxHashMemory/128 || block > maxHashMemory/128/cost || parallel > 1<<10:
		return nil, fmt.Errorf("scrypt does not take cost %d, blockSize %d, parallelization %d", cost, block, parallel)
	}
	return func(password []byte) bool {
		key, err := scrypt.Key(password, salt, cost, block, parallel, length)
		return err == nil && sameBytes(key, wanted)
	}, nil
}

// ldapVerifier reads the form of RFC 2307: {SSHA}, and the digest with the salt behind it in base64.
func ldapVerifier(value string) (verifier, error) {
	scheme, encoded, ok := strings.Cut(strings.TrimPrefix(value, "{"), "}")
	name := strings.ToLower(scheme)
	salted := strings.HasPrefix(name, "ssha") || name == "smd5"
	if salted {
		name = name[1:]
	}
	name = strings.ReplaceAll(name, "-", "")
	if name == "sha" {
		name = "sha1"
	}
	digest := digests[name]
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || !strings.HasPrefix(value, "{") || digest == nil || err != nil || len(raw) < digest().Size() {
		return nil, fmt.Errorf("hash.value must be like {SSHA}base64, with a scheme of md5, smd5, sha* or ssha*")
	}
	wanted, salt := raw[:digest().Size()], raw[digest().Size():]
	if !salted && len(salt) > 0 {
		return nil, fmt.Errorf("hash.value has a salt, but scheme {%s}", scheme)
	}
	return func(password []byte) bool {
		h := digest()
		_, _ = h.Write(password)
		_, _ = h.Write(salt)
		return sameBytes(h.Sum(nil), wanted)
	}, nil
}

func sameBytes(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// phcNumber is a parameter like m in "m=65536,t=3"; 0 if it is not there.
func phcNumber(parameters, name string) int {
	for p := range strings.SplitSeq(parameters, ",") {
		if value, ok := strings.CutPrefix(p, name+"="); ok {
			n, _ := strconv.Atoi(value)
			return n
		}
	}
	return 0
}

// phcSecrets are salt and hash, in base64 without padding.
func phcSecrets(salt, hashed string) ([]byte, []byte, error) {
	s, err := base64.RawStdEncoding.DecodeString(salt)
	if err != nil {
		return nil, nil, err
	}
	h, err := base64.RawStdEncoding.DecodeString(hashed)
	if err == nil && len(h) == 0 {
		err = fmt.Errorf("the hash is empty")
	}
	return s, h, err
}

// decodeValue reads a value in its encoding, UTF-8 if none is named.
func decodeValue(d doc) ([]byte, error) {
	switch value := str(d, "value"); str(d, "encoding") {
	case "base64":
		return base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	case "hex":
		return hex.DecodeString(value)
	default:
		return []byte(value), nil
	}
}

// encodePassword puts a password, which comes in UTF-8, into the encoding in which it was hashed.
func encodePassword(password []byte, encoding string) []byte {
	switch encoding {
	case "utf16le", "ucs2":
		var out []byte
		for _, unit := range utf16.Encode([]rune(string(password))) {
			out = binary.LittleEndian.AppendUint16(out, unit)
		}
		return out
	case "latin1", "binary", "ascii":
		var out []byte
		for _, r := range string(password) {
			out = append(out, byte(r)) //nolint:gosec // other services cut off what does not fit, too
		}
		return out
	}
	return password
}
