package simulator

import (
	"net/http"
	"slices"
	"strings"
)

var (
	methodPath = objectOf(`
id! string len=1.. # The ID of the user in question.
authentication_method_id string len=1.. # The ID of the authentication method.
`)
	methodProperties = `
type! string enum=phone,email,totp,webauthn-roaming,passkey
name string len=1..20 # A human-readable label to identify the authentication method.
totp_secret string len=1.. # Base32 encoded secret for TOTP generation.
phone_number string pattern=^\+[0-9]{1,15}$ # Applies to phone authentication methods only.
email string format=email # Applies to email authentication methods only.
preferred_authentication_method string enum=voice,sms # Applies to phone authentication methods only. The preferred communication method.
key_id string
public_key string
relying_party_identifier string
`
	methodCreation = objectOf(methodProperties)
	methodList     = arrayOf("", methodProperties)
	methodChange   = objectOf(`
name string len=1..20 # A human-readable label to identify the authentication method.
preferred_authentication_method string enum=voice,sms # Preferred phone authentication method
`)
)

func userMethodRoutes() []*route {
	const all = usersPath + "/{id}/authentication-methods"
	const one = all + "/{authentication_method_id}"
	put := change(all, "create:authentication_methods", "update:authentication_methods")
	put.method = http.MethodPut
	return []*route{
		get(all, "read:authentication_methods").in(groupReadUsers).pathOf(methodPath).queryOf(pagedQuery).does(listMethods),
		post(all, http.StatusCreated, "create:authentication_methods").in(groupWriteUsers).pathOf(methodPath).
			bodyOf(methodCreation).logged("Create an authentication method").does(createMethod),
		put.in(groupWriteUsers).pathOf(methodPath).bodyOf(methodList).logged("Update all authentication methods").does(putMethods),
		remove(all, "delete:authentication_methods").in(groupDeleteUsers).pathOf(methodPath).
			logged("Delete all authentication methods").does(deleteMethods),
		get(one, "read:authentication_methods").in(groupReadUsers).pathOf(methodPath).does(getMethod),
		change(one, "update:authentication_methods").in(groupWriteUsers).pathOf(methodPath).bodyOf(methodChange).
			logged("Update an authentication method").does(patchMethod),
		remove(one, "delete:authentication_methods").in(groupDeleteUsers).pathOf(methodPath).
			logged("Delete an authentication method").does(deleteMethod),
		post(usersPath+"/{id}/multifactor/actions/invalidate-remember-browser", http.StatusNoContent, "update:users").
			in(groupWriteUsers).pathOf(userPath).logged("Invalidate remembered browsers").
			does(func(c *call) (any, error) {
				_, err := c.user()
				return nil, err
			}),
	}
}

// newMethod is an authentication method as it is kept. Secrets are not.
func (c *call) newMethod(given doc) doc {
	kind := str(given, "type")
	device := "dev_" + random(16, alphanumerics)
	m := patch(omit(given, "totp_secret", "public_key"), doc{"id": kind + "|" + device, "created_at": timestamp(c.now)})
	if kind == "phone" {
		channel := firstOf(str(given, "preferred_authentication_method"), "sms")
		m["preferred_authentication_method"] = channel
		m["authentication_methods"] = []any{doc{"id": channel + "|" + device, "type": channel}}
	}
	return m
}

// masked hides most of the address or number of a method.
func masked(m doc) doc {
	out := clone(m)
	if email := str(m, "email"); email != "" {
		local, domain, _ := strings.Cut(email, "@")
		out["email"] = maskAfter(local, len(local)-4, len(local)-4) + "****@" + maskAfter(domain, 4, 7)
	}
	if number := str(m, "phone_number"); len(number) > 4 {
		out["phone_number"] = strings.Repeat("X", len(number)-5) + number[len(number)-4:]
	}
	return out
}

// maskAfter keeps the first characters of a text, at most keep, and puts asterisks for the rest, up to stars.
func maskAfter(text string, keep, stars int) string {
	keep = max(0, min(keep, len(text)))
	if keep == len(text) || stars <= keep {
		return text[:keep]
	}
	return text[:keep] + strings.Repeat("*", len(text)-keep)
}

// confirmed is a method as reading shows it.
func confirmed(m doc) doc { return patch(masked(m), doc{"confirmed": true}) }

func listMethods(c *call) (any, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	start, end, limit := c.window(len(u.Methods))
	shown := []any{}
	for _, m := range u.Methods[min(start, len(u.Methods)):end] {
		shown = append(shown, confirmed(m))
	}
	if !truth(c.query, "include_totals") {
		return shown, nil
	}
	answer := doc{"authenticators": shown, "start": start, "limit": limit}
	if len(u.Methods) > 0 {
		answer["total"] = len(u.Methods)
	}
	return answer, nil
}

// changeMethods replaces the methods of the user that the path names.
func (c *call) changeMethods(change func([]doc) []doc) error {
	before, err := c.user()
	if err != nil {
		return err
	}
	after := *before
	after.Methods = change(slices.Clone(before.Methods))
	c.putUser(&after)
	return nil
}

func createMethod(c *call) (any, error) {
	m := c.newMethod(c.body)
	return masked(m), c.changeMethods(func(all []doc) []doc { return append(all, m) })
}

func putMethods(c *call) (any, error) {
	made, shown := []doc{}, []any{}
	for _, item := range c.items {
		m := c.newMethod(item.(doc))
		made, shown = append(made, m), append(shown, m)
	}
	return shown, c.changeMethods(func([]doc) []doc { return made })
}

func deleteMethods(c *call) (any, error) {
	return nil, c.changeMethods(func([]doc) []doc { return nil })
}

// methodIndex finds the method that the path names.
func (c *call) methodIndex() (*user, int, error) {
	u, err := c.user()
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(u.Methods, func(m doc) bool { return m["id"] == c.params["authentication_method_id"] })
	if i < 0 {
		return nil, 0, apiError(http.StatusNotFound, "inexistent_authentication_method", "The authentication method does not exist.")
	}
	return u, i, nil
}

func getMethod(c *call) (any, error) {
	u, i, err := c.methodIndex()
	if err != nil {
		return nil, err
	}
	return confirmed(u.Methods[i]), nil
}

func patchMethod(c *call) (any, error) {
	u, i, err := c.methodIndex()
	if err != nil {
		return nil, err
	}
	changed := patch(u.Methods[i], c.body)
	return masked(changed), c.changeMethods(func(all []doc) []doc {
		all[i] = changed
		return all
	})
}

func deleteMethod(c *call) (any, error) {
	_, i, err := c.methodIndex()
	if err != nil {
		return nil, err
	}
	return nil, c.changeMethods(func(all []doc) []doc { return slices.Delete(all, i, i+1) })
}
