package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// signIn logs a user in at the application of n.application.
func signIn(email, password, answer string) step {
	return step{realm + fmt.Sprintf(`"username":%q,"password":%q}`, email, password), answer}
}

func TestImportedHashesSignIn(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.login()
	for i, test := range []struct{ name, hash, password string }{
		{"bcrypt", `{"algorithm":"bcrypt","hash":{"value":"$2b$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi"}}`, "password"},
		{"md4", `{"algorithm":"md4","hash":{"value":"8a9d093f14f8701df17732b2bb182c74","encoding":"hex"}}`, "password"},
		{"ntlm: md4 of UTF-16", `{"algorithm":"md4","hash":{"value":"8846f7eaee8fb117ad06bdd830b7586c","encoding":"hex"},"password":{"encoding":"utf16le"}}`, "password"},
		{"md5", `{"algorithm":"md5","hash":{"value":"5f4dcc3b5aa765d61d8327deb882cf99","encoding":"hex"}}`, "password"},
		{"sha1 behind a salt", `{"algorithm":"sha1","hash":{"value":"73614fd51a90257f32acee922225eb8a815b89c8","encoding":"hex"},"salt":{"value":"pepper"}}`, "password"},
		{"sha256 before a salt in hex", `{"algorithm":"sha256","hash":{"value":"HAOUP9d4PGbXtcrvkwRI3SC7avh7Yapk6tX7AYOuvs8=","encoding":"base64"},"salt":{"value":"706570706572","encoding":"hex","position":"suffix"}}`, "password"},
		{"sha512 behind a salt in base64", `{"algorithm":"sha512","hash":{"value":"zcjnAIDsLmWieIo9jEZpC+t9UPopKUR3BCVbeYGnSeXQ3I4989xCmyDq/nBR34zMEvi5N8+4zcuexq6Z+UOEzQ==","encoding":"base64"},"salt":{"value":"cGVwcGVy","encoding":"base64","position":"prefix"}}`, "password"},
		{"sha256 of Latin-1", `{"algorithm":"sha256","hash":{"value":"ffe1279f72b07bb67a4f98840ec659bfef3610810a3c54faced3a14c45b1cdf7","encoding":"hex"},"password":{"encoding":"latin1"}}`, "Grüße"},
		{"hmac", `{"algorithm":"hmac","hash":{"value":"4d42fb9ffc8d7d0a245429438b4bc73db1007a167026a0a0c6a74fa58e8e86ca","encoding":"hex","digest":"sha256","key":{"value":"6b6579","encoding":"hex"}}}`, "password"},
		{"pbkdf2", `{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha512$i=1000,l=64$cGVwcGVy$tFU+JK/OOBIDxy3Knq3MT47S7gleWR1Pn/8zKoyVA8A6f8wYP7QJ2S9mqcxq/L27fhw10zLpx7XIte4kNmbVEg","encoding":"utf8"}}`, "password"},
		{"argon2i", `{"algorithm":"argon2","hash":{"value":"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"}}`, "password"},
		{"argon2id", `{"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4","encoding":"utf8"}}`, "password"},
		{"scrypt", `{"algorithm":"scrypt","hash":{"value":"70089fd8e0a0d223646a0a91a8e0a570d5eed0de1904aacf0756d91a2c68b1d8","encoding":"hex"},"salt":{"value":"pepper"},"keylen":32,"cost":1024,"blockSize":8,"parallelization":2}`, "password"},
		{"scrypt with the usual parameters", `{"algorithm":"scrypt","hash":{"value":"d603797833cc1e4bfcc2b14caf2603198d8e716d24f051a6e6e6562eefe70e1732897ae78114fa96333238e9f4405be61b11eb6be1df1721cf02408401df3c47","encoding":"hex"},"salt":{"value":"pepper"},"keylen":64}`, "password"},
		{"ldap, salted", `{"algorithm":"ldap","hash":{"value":"{SSHA}PaumEiuUpveW0fINWfaftrcGnVZwZXBwZXI="}}`, "password"},
		{"ldap, md5", `{"algorithm":"ldap","hash":{"value":"{MD5}X03MO1qnZdYdgyfeuILPmQ=="}}`, "password"},
	} {
		email := fmt.Sprintf("user%d@example.com", i)
		file := fmt.Sprintf(`[{"email":%q,"custom_password_hash":%s}]`, email, test.hash)
		if status, body := n.importJob(file, map[string]string{"connection_id": "$con"}); status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", test.name, status, body)
		}
		n.Advance(10 * time.Second)
		for _, s := range []step{
			signIn(email, test.password+"!", `403 {"error":"invalid_grant","...":0}`),
			signIn(email, test.password, `200 ...`),
			signIn(email, test.password, `200 ...`), // now by Auth0's own hash
			signIn(email, test.password+"!", `403 ...`),
		} {
			status, body := n.do("POST", "/oauth/token", n.expand(strings.TrimPrefix(s.request, "POST /oauth/token ")))
			if problem := n.compare(s.answer, fmt.Sprintf("%d %s", status, body)); problem != "" {
				t.Errorf("%s: %s: %d %s", test.name, problem, status, body)
			}
		}
	}
}

func TestImportedHashesAreReplaced(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.login()
	imports := func(upsert, password string) {
		t.Helper()
		file := `[{"email":"a@example.com","user_id":"a","custom_password_hash":{"algorithm":"ldap","hash":{"value":"` + password + `"}}}]`
		if status, body := n.importJob(file, map[string]string{"connection_id": "$con", "upsert": upsert}); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, body)
		}
		n.Advance(10 * time.Second)
	}
	imports("false", "{MD5}DO8fsQ9gUpAopx9Y5U7Qew==") // Password1!
	imports("true", "{MD5}X03MO1qnZdYdgyfeuILPmQ==")  // password
	n.play(
		signIn("a@example.com", "Password1!", `403 ...`),
		signIn("a@example.com", "password", `200 ...`),
		step{`PATCH /api/v2/users/auth0%7Ca {"password":"Has 1 good password"}`, `200 ...`},
		signIn("a@example.com", "password", `403 ...`),
		signIn("a@example.com", "Has 1 good password", `200 ...`),
	)
	imports("true", "{MD5}X03MO1qnZdYdgyfeuILPmQ==") // too late: the user has logged in
	n.play(signIn("a@example.com", "Has 1 good password", `200 ...`))
}

func TestImportedHashesAreChecked(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.login()
	for _, test := range []struct{ hash, code string }{
		{`{"algorithm":"rot13","hash":{"value":"x"}}`, "ENUM_MISMATCH"},
		{`{"algorithm":"md5"}`, "OBJECT_REQUIRED"},
		{`{"algorithm":"md5","hash":{"value":"x"}}`, "NOT_PASSED"},
		{`{"algorithm":"md5","hash":{"value":"x","encoding":"hex"}}`, "NOT_PASSED"},
		{`{"algorithm":"bcrypt","hash":{"value":"x"}}`, "NOT_PASSED"},
		{`{"algorithm":"hmac","hash":{"value":"00","encoding":"hex","digest":"sha256"}}`, "NOT_PASSED"},
		{`{"algorithm":"hmac","hash":{"value":"00","encoding":"hex","digest":"whirlpool","key":{"value":"k"}}}`, "NOT_PASSED"},
		{`{"algorithm":"argon2","hash":{"value":"$argon2d$v=19$m=8,t=1,p=1$YQ$YQ"}}`, "NOT_PASSED"},
		{`{"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=99999999999,t=1,p=1$YQ$YQ"}}`, "NOT_PASSED"},
		{`{"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=8,t=0,p=1$YQ$YQ"}}`, "NOT_PASSED"},
		{`{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha3$i=1,l=1$YQ$YQ"}}`, "NOT_PASSED"},
		{`{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha256$i=1,l=1$YQ$"}}`, "NOT_PASSED"},
		{`{"algorithm":"scrypt","hash":{"value":"00","encoding":"hex"},"keylen":1}`, "NOT_PASSED"},
		{`{"algorithm":"scrypt","hash":{"value":"00","encoding":"hex"},"salt":{"value":"s"},"keylen":1,"cost":1000}`, "NOT_PASSED"},
		{`{"algorithm":"ldap","hash":{"value":"{CRYPT}x"}}`, "NOT_PASSED"},
	} {
		status, body := n.importJob(`[{"email":"a@example.com","custom_password_hash":`+test.hash+`}]`, map[string]string{"connection_id": "$con"})
		if status != http.StatusAccepted {
			t.Fatalf("%d %s", status, body)
		}
		n.vars["job"] = captures(body, `"id":"(job_[^"]*)"`)[0]
		n.Advance(10 * time.Second)
		n.play(step{`GET /api/v2/jobs/$job/errors`, `200 [{"user":{"email":"a@example.com","custom_password_hash":"*****"},"errors":[{"code":"` + test.code + `","message":"<*>"}]}]`})
	}
}
