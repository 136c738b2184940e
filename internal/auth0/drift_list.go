package auth0

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// Shown is what a list shows of an object. Lists lag behind by seconds, so it is a hint.
type Shown struct {
	ID string
	// Document is nil if the list does not show the object.
	Document Document
}

// longestOutage is how long to retry a list while Auth0 is unavailable, and listRetry the pause between retries.
const (
	longestOutage = time.Minute
	listRetry     = 5 * time.Second
)

// fairCall makes a call of a list, for which no reconciliation waits: it keeps its reservation for as long as it takes.
func fairCall[T any](ctx context.Context, s *Session, call func(context.Context) (T, error)) (T, error) {
	called := make(chan struct{}, 1)
	reservation := s.transport.limiter.Reserve(called, ratelimit.PriorityPeriodic, func() {
		select {
		case called <- struct{}{}:
		default:
		}
	})
	defer reservation.Cancel()
	ctx = ratelimit.WithReservation(ctx, reservation)
	for began := s.clock.Now(); ; {
		answer, err := call(ctx)
		pause := After(err)
		switch class := ClassOf(err); {
		case class == ClassUnavailable && s.clock.Since(began) < longestOutage:
			pause = listRetry
		case class == ClassCircuitOpen:
			pause, began = longestOutage, s.clock.Now()
		case class != ClassRateLimited:
			return answer, err
		}
		timer := s.clock.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return answer, ctx.Err()
		case <-called:
			timer.Stop()
		case <-timer.C():
		}
	}
}

// Listed reads objects from lists. Each step is one call, and yields what it shows of the objects with these ids. By the end, it
// has yielded each of them once.
func (s *Session) Listed(ctx context.Context, resource string, ids []string) iter.Seq2[[]Shown, error] {
	if resourceNamed(resource).Paging == Search {
		return s.searched(ctx, resource, ids)
	}
	return s.listed(ctx, resource, ids)
}

// searched searches for a part of the ids in each call.
func (s *Session) searched(ctx context.Context, resource string, ids []string) iter.Seq2[[]Shown, error] {
	return func(yield func([]Shown, error) bool) {
		most := pageSize
		for len(ids) > 0 {
			batch := ids[:min(fitting(ids), most)]
			found, err := fairCall(ctx, s, func(ctx context.Context) ([]Document, error) { return s.search(ctx, resource, batch) })
			if ClassOf(err) == ClassTooLarge && len(batch) > 1 {
				most = len(batch) / 2
				continue
			}
			if !yield(shownOf(resourceNamed(resource).ID, batch, found), err) || err != nil {
				return
			}
			ids = ids[len(batch):]
		}
	}
}

// shownOf returns an entry for every id. field is the field of an object with its id.
func shownOf(field string, ids []string, objects []Document) []Shown {
	byID := make(map[string]Document, len(objects))
	for _, object := range objects {
		byID[object.String(field)] = object
	}
	shown := make([]Shown, len(ids))
	for i, id := range ids {
		shown[i] = Shown{ID: id, Document: byID[id]}
	}
	return shown
}

// listed stops when it has seen all objects. It gives up a list that needs more calls than there are objects to find: reading each
// of them costs no more.
func (s *Session) listed(ctx context.Context, resource string, ids []string) iter.Seq2[[]Shown, error] {
	return func(yield func([]Shown, error) bool) {
		if len(ids) == 0 {
			return
		}
		missing := make(map[string]bool, len(ids))
		for _, id := range ids {
			missing[id] = true
		}
		calls, field := 0, resourceNamed(resource).ID
		for page, err := range pages(ctx, fairly(s, s.list(resource, nil))) {
			var shown []Shown
			for _, object := range page.objects {
				if id := object.String(field); missing[id] {
					shown = append(shown, Shown{ID: id, Document: object})
					delete(missing, id)
				}
			}
			if !yield(shown, err) || err != nil {
				return
			}
			calls++
			if len(missing) == 0 || calls >= len(ids) {
				break
			}
		}
		var unseen []Shown
		for id := range missing {
			unseen = append(unseen, Shown{ID: id})
		}
		yield(unseen, nil)
	}
}

// fairly reads each page with a reservation of its own.
func fairly(s *Session, read reader) reader {
	return func(ctx context.Context, from string) (listPage, error) {
		return fairCall(ctx, s, func(ctx context.Context) (listPage, error) { return read(ctx, from) })
	}
}

// longestQuery keeps the URL of a search well below 8 KiB, where Auth0 refuses it with 414.
const longestQuery = 6000

// fitting returns how many of the ids fit into one search.
func fitting(ids []string) int {
	length := 0
	for i, id := range ids {
		length += len(url.QueryEscape(orID(id)))
		if i > 0 && (length > longestQuery || i == pageSize) {
			return i
		}
	}
	return len(ids)
}

func orID(id string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(id) + `" OR `
}

// search reads the objects with these ids, which must fit into one call.
func (s *Session) search(ctx context.Context, resource string, ids []string) ([]Document, error) {
	described := resourceNamed(resource)
	var terms strings.Builder
	for _, id := range ids {
		terms.WriteString(orID(id))
	}
	answer, err := s.Do(ctx, get(collection(resource)).with(url.Values{
		"q": {described.ID + ":(" + strings.TrimSuffix(terms.String(), " OR ") + ")"}, "page": {"0"}, "per_page": {strconv.Itoa(pageSize)},
		"primary_order": {"false"}, "include_totals": {"true"},
	}))
	return parseItems(answer, described.Items, err)
}

// MemberList is a list in Auth0 of the members that have certain entries on the lists beside them.
type MemberList struct{ route, of string }

func (r MemberList) String() string { return r.route + " of " + r.of }

// RoleMembers lists the users with a role, by its name. It shows the entry role.
func RoleMembers(role string) MemberList { return MemberList{routeRoleUsers, role} }

// OrganizationMembers lists the members of an organization with their roles, for an entry that is its id or one of [MemberRole]. It
// shows both.
func OrganizationMembers(entry string) MemberList {
	organization, _ := ParseMemberRole(entry)
	return MemberList{routeOrganizationMembers, organization}
}

// Members reads a member list for some of its entries. Each step is one call, and yields the entries of each object, by its id.
func (s *Session) Members(ctx context.Context, memberList MemberList, entries []string) iter.Seq2[map[string][]string, error] {
	switch {
	case memberList.of == "":
		// The reference is not resolved, so no member is known.
		return func(func(map[string][]string, error) bool) {}
	case memberList.route == routeRoleUsers:
		return s.roleMembers(ctx, memberList.of, entries)
	default:
		return s.organizationMembers(ctx, memberList.of, entries)
	}
}

// roleMembers reads the users with a role, by name. A role that does not exist has no members.
func (s *Session) roleMembers(ctx context.Context, name string, entries []string) iter.Seq2[map[string][]string, error] {
	return func(yield func(map[string][]string, error) bool) {
		ids, err := fairCall(ctx, s, func(ctx context.Context) (map[string]string, error) {
			ids, _, err := s.RoleIDs(ctx, []string{name})
			return ids, err
		})
		if err != nil {
			yield(nil, err)
			return
		}
		id, exists := ids[name]
		if !exists {
			return
		}
		page := s.checkpoints("users", get(routeRoleUsers, id))
		for members, err := range memberPages(ctx, s, page, func(Document) []string { return entries }) {
			if ClassOf(err) == ClassNotFound {
				s.roles.forget()
				return
			}
			if !yield(members, err) {
				return
			}
		}
	}
}

// organizationMembers reads the members of an organization. Their roles need a permission of their own, so they are requested
// only if some are declared.
func (s *Session) organizationMembers(ctx context.Context, id string, entries []string) iter.Seq2[map[string][]string, error] {
	fields := "user_id"
	if slices.ContainsFunc(entries, isMemberRole) {
		fields += ",roles"
	}
	page := s.checkpoints("members", get(routeOrganizationMembers, id).with(url.Values{"fields": {fields}}))
	return memberPages(ctx, s, page, func(member Document) []string {
		has := []string{id}
		for _, role := range s.tenantRoles(member.Objects("roles")) {
			has = append(has, MemberRole(id, role.Name))
		}
		return has
	})
}

// memberPages reads pages of users, and yields the entries of each user.
func memberPages(ctx context.Context, s *Session, read reader, has func(Document) []string) iter.Seq2[map[string][]string, error] {
	return func(yield func(map[string][]string, error) bool) {
		for users, err := range pages(ctx, fairly(s, read)) {
			members := make(map[string][]string, len(users.objects))
			for _, user := range users.objects {
				members[user.String("user_id")] = has(user)
			}
			if !yield(members, err) || err != nil {
				return
			}
		}
	}
}
