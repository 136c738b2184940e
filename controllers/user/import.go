package user

import (
	"context"
	"errors"
	"strings"
	"sync"

	"golang.org/x/crypto/bcrypt"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
)

// hashRounds is the cost of bcrypt that Auth0 accepts.
const hashRounds = 10

// notImported are fields of a creation that an import does not have. The job names the connection and sends no email.
var notImported = []string{"connection", "verify_email", "password"}

// importable implements Definition.Importable. Auth0 must check a password that a person chose against its policy, and it does not
// check a hash.
func importable(u *v1alpha1.Auth0User) bool {
	byItself := signsUp(u) || auth0.IsPasswordless(u.Spec.Connection) ||
		u.Spec.UserID != nil || u.Spec.PhoneNumber != nil || u.Spec.Email == nil ||
		u.Spec.VerifyEmail != nil && *u.Spec.VerifyEmail ||
		u.Spec.Password != nil && u.Spec.Password.Generate == nil
	return !byItself && u.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve
}

// importing implements Definition.Importing.
func importing(u *v1alpha1.Auth0User) *string { return &u.Status.Importing }

// importForm implements Definition.Import.
func importForm(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], body auth0.Document) (*engine.Import, error) {
	u, name := req.Object, connectionOf(req.Object, req.References)
	if may, err := req.Session.MayFindConnections(ctx); err != nil || !may {
		return nil, err
	}
	item := body.Clone()
	for _, field := range notImported {
		delete(item, field)
	}
	item["user_id"] = derivedUserID(u.UID)
	have := item.Clone()
	have["user_id"] = databaseUserID(derivedUserID(u.UID))
	have["identities"] = []any{map[string]any{"connection": name, "provider": "auth0", "user_id": derivedUserID(u.UID)}}
	return &engine.Import{
		Connection: name, ID: have.String("user_id"), Have: have, Item: item,
		Seal: func(item auth0.Document) (err error) {
			item["password_hash"], err = passwordHash(body.String("password"))
			return err
		},
	}, nil
}

// hashing bounds the CPU time of hashes: one at a time, each about 60 ms.
var hashing sync.Mutex

// passwordHash hashes a password. Users without one share the hash of a random password that nobody knows, one for each run of
// the operator.
func passwordHash(password string) (string, error) {
	if password == "" {
		return unknownPassword()
	}
	hashing.Lock()
	defer hashing.Unlock()
	return hashOf(password)
}

var unknownPassword = sync.OnceValues(func() (string, error) { return hashOf(randomPassword(0)) })

// hashOf returns the bcrypt hash with the prefix 2b. Go writes the older prefix of the same algorithm.
func hashOf(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), hashRounds)
	if err != nil {
		// The library's error is dropped, because it might quote the password.
		return "", errors.New("the password cannot be hashed for an import")
	}
	return strings.Replace(string(hash), "$2a$", "$2b$", 1), nil
}

// assignRole assigns an existing role to many users.
func assignRole(ctx context.Context, session *auth0.Session, name string, ids []string) (bool, error) {
	if may, err := session.MayAssignRole(ctx); err != nil || !may {
		return false, err
	}
	roles, _, err := session.RoleIDs(ctx, []string{name})
	if err != nil || roles[name] == "" {
		return false, err
	}
	return true, session.AssignRole(ctx, roles[name], ids)
}
