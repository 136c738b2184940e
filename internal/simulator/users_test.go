package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const newUser = `POST /api/v2/users {"connection":"Username-Password-Authentication","email":"Chuck@example.com",` +
	`"password":"Has 1 good password","user_id":"chuck","user_metadata":{"a":{"x":1},"b":2},"app_metadata":{"k":"v"}}`

func TestCreateUser(t *testing.T) {
	for _, test := range []struct{ name, body, answer string }{
		{"gets Auth0's defaults",
			`{"connection":"Username-Password-Authentication","email":"Chuck@Example.com","password":"Has 1 good password"}`,
			`201 {"created_at":"</^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$/>","updated_at":"<*>","email":"chuck@example.com",
			 "email_verified":false,"name":"chuck@example.com","nickname":"chuck",
			 "picture":"https://s.gravatar.com/avatar/0b79e7da7bc7877560620cf8f2cc93ae?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fch.png",
			 "user_id":"</^auth0\\|[0-9a-f]{24}$/>",
			 "identities":[{"connection":"Username-Password-Authentication","user_id":"</^[0-9a-f]{24}$/>","provider":"auth0","isSocial":false}]}`},
		{"takes the caller's id",
			`{"connection":"Username-Password-Authentication","email":"a@b.co","password":"Has 1 good password","user_id":"mine"}`,
			`201 {"user_id":"auth0|mine","identities":[{"user_id":"mine","...":0}],"...":0}`},
		{"needs a connection", `{"email":"a@b.co","password":"x"}`,
			`400 {"statusCode":400,"error":"Bad Request","message":"Payload validation error: 'Missing required property: connection'.","errorCode":"invalid_body"}`},
		{"needs one that exists", `{"connection":"none","email":"a@b.co","password":"x"}`,
			`400 {"statusCode":400,"error":"Bad Request","message":"The connection does not exist.","errorCode":"inexistent_connection"}`},
		{"needs an e-mail", `{"connection":"Username-Password-Authentication","password":"Has 1 good password"}`,
			`400 {"statusCode":400,"error":"Bad Request","message":"Payload validation error: 'Missing required property: email'.","errorCode":"invalid_body"}`},
		{"needs a well-formed e-mail", `{"connection":"Username-Password-Authentication","email":"nobody","password":"Has 1 good password"}`,
			`400 {"message":"Payload validation error: 'Object didn't pass validation for format email: nobody' on property email (The user's email).","...":0}`},
		{"refuses what it does not know", `{"connection":"Username-Password-Authentication","email":"a@b.co","password":"x","created_at":"now","identities":[]}`,
			`400 {"message":"Payload validation error: 'Additional properties not allowed: created_at,identities'.","...":0}`},
		{"refuses a weak password, without errorCode", `{"connection":"Username-Password-Authentication","email":"a@b.co","password":"weak"}`,
			`400 {"statusCode":400,"error":"Bad Request","message":"PasswordStrengthError: Password is too weak"}`},
		{"refuses more bytes than bcrypt takes", `{"connection":"Username-Password-Authentication","email":"a@b.co","password":"Aa1!` + strings.Repeat("é", 35) + `"}`,
			`400 {"message":"PasswordStrengthError: Password is too weak","...":0}`},
		{"refuses a username without requires_username", `{"connection":"Username-Password-Authentication","email":"a@b.co","username":"ab","password":"Has 1 good password"}`,
			`400 {"errorCode":"auth0_idp_error","...":0}`},
		{"refuses reserved app_metadata", `{"connection":"Username-Password-Authentication","email":"a@b.co","password":"Has 1 good password","app_metadata":{"blocked":true}}`,
			`400 {"errorCode":"invalid_body","...":0}`},
		{"refuses metadata keys with dots", `{"connection":"Username-Password-Authentication","email":"a@b.co","password":"Has 1 good password","user_metadata":{"a":{"b.c":1}}}`,
			`400 {"errorCode":"invalid_body","...":0}`},
		{"refuses a number for a name", `{"connection":"Username-Password-Authentication","email":"a@b.co","password":"Has 1 good password","name":5}`,
			`400 {"message":"Payload validation error: 'Expected type string but found type integer' on property name (The user's full name).","...":0}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := start(t, simulator.Options{})
			n.login()
			n.play(step{"POST /api/v2/users " + test.body, test.answer})
		})
	}
}

func TestUserConflicts(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	const exists = `409 {"statusCode":409,"error":"Conflict","message":"The user already exists.","errorCode":"auth0_idp_error"}`
	n.play(
		step{newUser, `201 ...`},
		step{newUser, exists},
		step{strings.Replace(newUser, `"user_id":"chuck"`, `"user_id":"other"`, 1), exists},
		step{strings.Replace(newUser, "Chuck@example.com", "new@example.com", 1), exists},
		step{`POST /api/v2/users {"connection":"Username-Password-Authentication","email":"b@example.com","password":"Has 1 good password","user_id":"b"}`, `201 ...`},
		step{`PATCH /api/v2/users/auth0%7Cb {"email":"chuck@example.com"}`,
			`400 {"statusCode":400,"error":"Bad Request","message":"The specified new email already exists","errorCode":"auth0_idp_error"}`},
		step{`PATCH /api/v2/users/auth0%7Cb {"email":"B@example.com"}`, `200 {"email":"b@example.com","...":0}`},
		step{`DELETE /api/v2/users/auth0%7Cchuck`, `204`},
		step{newUser, `201 ...`},
	)
}

func TestConnectionMustBeEnabledForTheCaller(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`GET /api/v2/connections?name=Username-Password-Authentication`, `200 [{"id":"<con>","enabled_clients":["operator"],"...":0}]`},
		step{`GET /api/v2/connections/$con/clients`, `200 {"clients":[{"client_id":"operator"}]}`},
		step{`PATCH /api/v2/connections/$con/clients [{"client_id":"operator","status":false}]`, `204`},
		step{newUser, `400 {"message":"The connection is disabled","errorCode":"auth0_idp_error","...":0}`},
		step{`POST /api/v2/clients {"name":"other"}`, `201 {"client_id":"<other>","...":0}`},
		step{`PATCH /api/v2/connections/$con/clients [{"client_id":"$other","status":true}]`, `204`},
		step{newUser, `400 {"message":"</^Connection must be enabled for this client to perform single user creation and signup operations \\(client_id: operator - connection: Username-Password-Authentication\\)$/>","errorCode":"auth0_idp_error","...":0}`},
		step{strings.Replace(newUser, " /api", " dashboard:/api", 1), `201 ...`},
	)
}

func TestReadUsers(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`GET /api/v2/users/auth0%7Cchuck`, `200 {"user_id":"auth0|chuck","...":0}`},
		step{`GET /api/v2/users/auth0%7Cchuck?fields=email,name`, `200 {"email":"chuck@example.com","name":"chuck@example.com"}`},
		step{`GET /api/v2/users/auth0%7Cnobody`,
			`404 {"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}`},
		step{`GET /api/v2/users-by-email?email=chuck%40example.com&fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`},
		step{`GET /api/v2/users-by-email?email=Chuck%40example.com`, `200 []`},
		step{`GET /api/v2/users-by-email`, `400 {"message":"Query validation error: 'Missing required property: email'.","errorCode":"invalid_query_string","...":0}`},
		step{`DELETE /api/v2/users/auth0%7Cnobody`, `204`},
	)
}

func TestPatchUser(t *testing.T) {
	for _, test := range []struct{ name, body, answer string }{
		{"metadata merges at the first level", `{"user_metadata":{"a":{"y":2},"c":3},"app_metadata":{"l":1}}`,
			`200 {"user_metadata":{"a":{"y":2},"b":2,"c":3},"app_metadata":{"k":"v","l":1},"...":0}`},
		{"null removes a key of metadata", `{"user_metadata":{"a":null}}`, `200 {"user_metadata":{"b":2},"...":0}`},
		{"an empty object empties metadata", `{"app_metadata":{}}`,
			`200 {"created_at":"<*>","updated_at":"<*>","email":"<*>","email_verified":false,"identities":"<*>","name":"<*>","nickname":"<*>","picture":"<*>","user_id":"<*>","user_metadata":"<*>"}`},
		{"null clears", `{"nickname":null}`,
			`200 {"created_at":"<*>","updated_at":"<*>","email":"<*>","email_verified":false,"identities":"<*>","name":"<*>","picture":"<*>","user_id":"<*>","user_metadata":"<*>","app_metadata":"<*>"}`},
		{"an empty patch is an error", `{}`,
			`400 {"message":"</^Payload validation error: 'None of the valid schemas were met'. Inner errors: \\[ Payload validation error: 'Missing required property: blocked'. \\(also\\) />","errorCode":"invalid_body","...":0}`},
		{"so is one that only names the connection", `{"connection":"Username-Password-Authentication"}`, `400 ...`},
		{"unknown properties are refused with advice", `{"updated_at":"x","identities":[]}`,
			`400 {"message":"</^Payload validation error: 'Additional properties not allowed: identities,updated_at \\(consider storing them in app_metadata or user_metadata\\. See \"Users Metadata\" in .*\\)'\\.$/>","...":0}`},
		{"password and email", `{"password":"Another 1 good","email":"x@example.com"}`, `400 {"message":"Cannot update password and email simultaneously","...":0}`},
		{"password and email_verified", `{"password":"Another 1 good","email_verified":true}`, `400 {"message":"Cannot update password and email_verified simultaneously","...":0}`},
		{"username and password", `{"password":"Another 1 good","username":"x"}`, `400 {"message":"Cannot update username and password simultaneously","...":0}`},
		{"username and email", `{"email":"x@example.com","username":"x"}`, `400 {"message":"Cannot update username and email simultaneously","...":0}`},
		{"a new address is not verified", `{"email":"new@example.com"}`, `200 {"email":"new@example.com","email_verified":false,"...":0}`},
		{"unless it is said to be", `{"email":"new@example.com","email_verified":true}`, `200 {"email":"new@example.com","email_verified":true,"...":0}`},
		{"a new password is noted", `{"connection":"Username-Password-Authentication","password":"Another 1 good"}`, `200 {"last_password_reset":"<*>","...":0}`},
		{"and must be strong", `{"password":"weak"}`, `400 {"statusCode":400,"error":"Bad Request","message":"PasswordStrengthError: Password is too weak"}`},
		{"a connection that is not the user's", `{"connection":"none","name":"x"}`, `400 ...`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := start(t, simulator.Options{})
			n.login()
			n.play(step{newUser, `201 ...`}, step{"PATCH /api/v2/users/auth0%7Cchuck " + test.body, test.answer})
		})
	}
}

func TestPasswordLiftsABlock(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"blocked":true}`, `200 {"blocked":true,"...":0}`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"password":"Another 1 good","blocked":true}`, `200 {"blocked":true,"...":0}`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"password":"Another 2 good"}`, `200 {"blocked":false,"...":0}`},
	)
}

func TestVerificationMails(t *testing.T) {
	for extra, want := range map[string]int{
		``: 1, `,"verify_email":false`: 0, `,"verify_email":true`: 1, `,"email_verified":true`: 0, `,"email_verified":true,"verify_email":true`: 1,
	} {
		n := start(t, simulator.Options{})
		n.login()
		n.play(step{strings.TrimSuffix(newUser, "}") + extra + "}", `201 ...`})
		if got := len(n.Emails()); got != want {
			t.Errorf("creating a user with %q sends %d mails, not %d", extra, got, want)
		}
	}
}

func TestPasswordPolicies(t *testing.T) {
	for _, test := range []struct {
		name, options, password string
		problem                 string
	}{
		{"none takes anything", `{"passwordPolicy":"none"}`, "x", ""},
		{"low asks for length", `{"passwordPolicy":"low"}`, "abcde", "PasswordStrengthError: Password is too weak"},
		{"low asks for nothing else", `{"passwordPolicy":"low"}`, "abcdef", ""},
		{"fair asks for lower, upper and digit", `{"passwordPolicy":"fair"}`, "abcdefgH", "PasswordStrengthError: Password is too weak"},
		{"fair is content with them", `{"passwordPolicy":"fair"}`, "abcdefG1", ""},
		{"good asks for three of four", `{"passwordPolicy":"good"}`, "abcdefg1", "PasswordStrengthError: Password is too weak"},
		{"good takes any three", `{"passwordPolicy":"good"}`, "abcdef1!", ""},
		{"excellent refuses repetition", `{"passwordPolicy":"excellent"}`, "abcddd123ABC", "PasswordStrengthError: Password is too weak"},
		{"min_length wins", `{"passwordPolicy":"low","password_complexity_options":{"min_length":12}}`, "abcdefghijk", "PasswordStrengthError: Password is too weak"},
		{"dictionary", `{"passwordPolicy":"low","password_dictionary":{"enable":true,"dictionary":["corporate"]}}`, "Corporate", "PasswordDictionaryError: Password is too common"},
		{"personal data", `{"passwordPolicy":"low","password_no_personal_info":{"enable":true}}`, "xxJANExx", "PasswordNoUserInfoError: Password contains user information"},
		{"the newer options", `{"password_options":{"complexity":{"min_length":6,"character_types":["number"],"sequential_characters":"block"}}}`, "x1x2abc", "PasswordStrengthError: Password is too weak"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := start(t, simulator.Options{})
			n.login()
			answer := `201 ...`
			if test.problem != "" {
				answer = fmt.Sprintf(`400 {"statusCode":400,"error":"Bad Request","message":%q}`, test.problem)
			}
			n.play(
				step{`POST /api/v2/connections {"name":"db","strategy":"auth0","enabled_clients":["operator"],"options":` + test.options + `}`, `201 ...`},
				step{`POST /api/v2/users {"connection":"db","email":"jane@example.com","password":"` + test.password + `"}`, answer},
			)
		})
	}
}

func TestPasswordHistory(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	n.play(
		step{`POST /api/v2/connections {"name":"db","strategy":"auth0","enabled_clients":["operator"],"options":{"passwordPolicy":"low","password_history":{"enable":true,"size":2}}}`, `201 ...`},
		step{`POST /api/v2/users {"connection":"db","email":"jane@example.com","password":"first-one","user_id":"j"}`, `201 ...`},
		step{`PATCH /api/v2/users/auth0%7Cj {"password":"first-one"}`, `400 {"message":"PasswordHistoryError: Password has previously been used","...":0}`},
		step{`PATCH /api/v2/users/auth0%7Cj {"password":"second-one"}`, `200 ...`},
		step{`PATCH /api/v2/users/auth0%7Cj {"password":"first-one"}`, `400 ...`},
		step{`PATCH /api/v2/users/auth0%7Cj {"password":"third-one"}`, `200 ...`},
		step{`PATCH /api/v2/users/auth0%7Cj {"password":"first-one"}`, `200 ...`},
	)
}

func TestUserRolesAndPermissions(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	const missing = `404 {"statusCode":404,"error":"Not Found","message":"This permission does not exist: 'https://api.example.com/ - fly'","errorCode":"inexistent_resource_server_permission"}`
	n.play(
		step{newUser, `201 ...`},
		step{`POST /api/v2/resource-servers {"name":"API","identifier":"https://api.example.com/","scopes":[{"value":"read","description":"Read"},{"value":"write"}]}`, `201 {"id":"<api>","...":0}`},
		step{`POST /api/v2/roles {"name":"admin","description":"Admins"}`, `200 {"id":"<role>","name":"admin","description":"Admins"}`},
		step{`POST /api/v2/roles {"name":"admin"}`, `409 {"statusCode":409,"error":"Conflict","message":"The role already exists."}`},
		step{`POST /api/v2/users/auth0%7Cchuck/roles {"roles":["rol_0000000000000000"]}`, `404 {"statusCode":404,"error":"Not Found","message":"The role does not exist."}`},
		step{`POST /api/v2/users/auth0%7Cchuck/roles {"roles":[]}`, `400 ...`},
		step{`POST /api/v2/users/auth0%7Cchuck/roles {"roles":["$role"]}`, `204`},
		step{`POST /api/v2/users/auth0%7Cchuck/roles {"roles":["$role"]}`, `204`},
		step{`GET /api/v2/users/auth0%7Cchuck/roles`, `200 [{"id":"$role","name":"admin","description":"Admins"}]`},
		step{`GET /api/v2/roles/$role/users`, `200 [{"user_id":"auth0|chuck","email":"chuck@example.com","name":"<*>","picture":"<*>"}]`},
		step{`POST /api/v2/roles/$role/permissions {"permissions":[{"resource_server_identifier":"https://api.example.com/","permission_name":"read"}]}`, `201 {}`},
		step{`POST /api/v2/users/auth0%7Cchuck/permissions {"permissions":[{"resource_server_identifier":"https://api.example.com/","permission_name":"fly"}]}`, missing},
		step{`POST /api/v2/users/auth0%7Cchuck/permissions {"permissions":[{"resource_server_identifier":"https://api.example.com/","permission_name":"read"}]}`, `201 {}`},
		step{`GET /api/v2/users/auth0%7Cchuck/permissions?include_totals=true`, `200 {"start":0,"limit":50,"total":1,"permissions":[
			{"permission_name":"read","description":"Read","resource_server_name":"API","resource_server_identifier":"https://api.example.com/",
			 "sources":[{"source_id":"","source_name":"","source_type":"DIRECT"},{"source_id":"$role","source_name":"admin","source_type":"ROLE"}]}]}`},
		step{`PATCH /api/v2/resource-servers/$api {"scopes":[{"value":"write"}]}`, `200 {"scopes":[{"value":"write"}],"...":0}`},
		step{`GET /api/v2/users/auth0%7Cchuck/permissions`, `200 []`},
		step{`GET /api/v2/roles/$role/permissions`, `200 []`},
		step{`DELETE /api/v2/users/auth0%7Cchuck/roles {"roles":["$role"]}`, `204`},
		step{`GET /api/v2/roles/$role/users?include_totals=true`, `200 {"start":0,"limit":50,"total":0,"users":[]}`},
		step{`POST /api/v2/roles/$role/users {"users":["auth0|chuck"]}`, `200 {}`},
		step{`DELETE /api/v2/roles/$role`, `200 {}`},
		step{`DELETE /api/v2/roles/$role`, `404 {"statusCode":404,"error":"Not Found","message":"The role does not exist."}`},
		step{`GET /api/v2/users/auth0%7Cchuck/roles`, `200 []`},
	)
}

func TestSearchUsers(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login()
	for i := range 12 {
		n.play(step{fmt.Sprintf(`POST /api/v2/users {"connection":"Username-Password-Authentication","email":"user%02d@example.com",`+
			`"password":"Has 1 good password","user_id":"u%02d","name":"User %02d","app_metadata":{"plan":"p%d","tags":["x","t%d"]}}`, i, i, i, i%3, i), `201 ...`})
	}
	for query, want := range map[string]string{
		`email:"USER03@example.com"`:                                "03",
		`user_id:("auth0|u01" OR "auth0|u07")`:                      "01 07",
		`user_id:"auth0|u01" OR user_id:"auth0|u02"`:                "01 02",
		`identities.connection:"none"`:                              "",
		`app_metadata.plan:"p1" AND email:user0*`:                   "01 04 07",
		`app_metadata.tags:t11`:                                     "11",
		`app_metadata.plan:"P1"`:                                    "",
		`name:"user 05"`:                                            "05",
		`email:[user03@example.com TO user05@example.com]`:          "03 04 05",
		`email:{user03@example.com TO user05@example.com}`:          "04",
		`NOT app_metadata.plan:p0 AND NOT app_metadata.plan:p1`:     "02 05 08 11",
		`-email:user* AND name:x`:                                   "",
		`_exists_:username`:                                         "",
		`_exists_:email AND user_id:auth0\|u09`:                     "09",
		`user06@example.com`:                                        "06",
		`blocked:true`:                                              "",
		`(email:user01* OR email:user02*) AND app_metadata.plan:p2`: "02",
	} {
		status, body := n.do("GET", "/api/v2/users?fields=user_id&q="+urlEscape(query), "")
		got := strings.Join(captures(body, `u(\d\d)"`), " ")
		if status != http.StatusOK || got != want {
			t.Errorf("%s: %d finds %q, not %q", query, status, got, want)
		}
	}
	n.play(
		step{`GET /api/v2/users?q=email:(`, `400 {"errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/users?q=email:a*`, `400 {"errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/users?per_page=2&page=1&include_totals=true&fields=user_id&sort=email:-1`,
			`200 {"start":2,"limit":2,"length":2,"total":12,"users":[{"user_id":"auth0|u09"},{"user_id":"auth0|u08"}]}`},
		step{`GET /api/v2/users?per_page=101`,
			`400 {"message":"Query validation error: 'Value 101 is greater than maximum 100' on property per_page (Number of results per page. Defaults to 50).","errorCode":"invalid_query_string","...":0}`},
		step{`GET /api/v2/users?per_page=100&page=9`, `200 []`},
		step{`GET /api/v2/users?per_page=100&page=10`,
			`400 {"message":"You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation","errorCode":"invalid_paging","...":0}`},
	)
}

func TestSearchSeesChangesLater(t *testing.T) {
	n := start(t, simulator.Options{SearchDelay: 1 << 40})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`GET /api/v2/users?q=email:chuck@example.com`, `200 []`},
		step{`GET /api/v2/users-by-email?email=chuck@example.com&fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`},
	)
	n.Advance(1 << 40)
	n.play(step{`GET /api/v2/users?q=email:chuck@example.com&fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`})
	n.login()
	n.play(
		step{`DELETE /api/v2/users/auth0%7Cchuck`, `204`},
		step{`GET /api/v2/users?fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`},
	)
}

func TestMembersAreListedLater(t *testing.T) {
	n := start(t, simulator.Options{SearchDelay: 1 << 40})
	n.login()
	n.play(
		step{newUser, `201 ...`},
		step{`POST /api/v2/organizations {"name":"acme"}`, `201 {"id":"<org>","...":0}`},
		step{`POST /api/v2/organizations/$org/members {"members":["auth0|chuck"]}`, `204`},
		step{`GET /api/v2/organizations/$org/members`, `200 []`},
		step{`GET /api/v2/users/auth0%7Cchuck/organizations`, `200 [{"id":"$org","...":0}]`},
	)
	n.Advance(1 << 40)
	n.login()
	n.play(
		step{`GET /api/v2/organizations/$org/members?fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`},
		step{`DELETE /api/v2/organizations/$org/members {"members":["auth0|chuck"]}`, `204`},
		step{`GET /api/v2/organizations/$org/members?fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`},
		step{`GET /api/v2/users/auth0%7Cchuck/organizations`, `200 []`},
	)
	n.Advance(1 << 40)
	n.login()
	n.play(step{`GET /api/v2/organizations/$org/members`, `200 []`})
}

func TestScopesForRolesOfAUser(t *testing.T) {
	n := start(t, simulator.Options{})
	n.login("read:users", "read:roles", "update:users")
	n.play(
		step{strings.Replace(newUser, " /api", " dashboard:/api", 1), `201 ...`},
		step{`GET /api/v2/users/auth0%7Cchuck/roles`,
			`403 {"statusCode":403,"error":"Forbidden","message":"Insufficient scope; expected all of: read:users, read:roles, read:role_members.","errorCode":"insufficient_scope"}`},
		step{`POST dashboard:/api/v2/roles {"name":"a"}`, `200 {"id":"<role>","...":0}`},
		step{`POST /api/v2/users/auth0%7Cchuck/roles {"roles":["$role"]}`, `204`},
	)
	n.login("update:users_app_metadata")
	n.play(
		step{`PATCH /api/v2/users/auth0%7Cchuck {"app_metadata":{"a":1}}`, `200 ...`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"name":"x"}`, `403 ...`},
	)
}

func TestManyAtOnce(t *testing.T) {
	n := start(t, simulator.Options{SearchDelay: 1})
	n.login()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 10 {
				id := fmt.Sprintf("%d-%d", i, j)
				n.Dashboard("POST", "/api/v2/users", map[string]any{"connection": "Username-Password-Authentication", "email": id + "@example.com", "password": "Has 1 good password", "user_id": id})
				n.Dashboard("GET", "/api/v2/users?q=email:"+id+"@example.com", nil)
				n.Dashboard("PATCH", "/api/v2/users/auth0%7C"+id, map[string]any{"blocked": true})
				n.Dashboard("GET", "/api/v2/logs", nil)
				if j%2 == 0 {
					n.Dashboard("DELETE", "/api/v2/users/auth0%7C"+id, nil)
				}
			}
		})
	}
	group.Wait()
	n.play(step{`GET /api/v2/users?include_totals=true&per_page=1&q=blocked:true&fields=blocked`, `200 {"total":40,"start":0,"limit":1,"length":1,"users":[{"blocked":true}]}`})
}
