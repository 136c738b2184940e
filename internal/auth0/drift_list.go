package auth0

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	management "github.com/auth0/go-auth0/v3/management"
	"github.com/auth0/go-auth0/v3/management/option"

	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
)

// Shown is what a list shows of an object. Lists lag behind by seconds, so it is a hint.
type Shown struct {
	ID string
	// Document is nil if the list does not show the object.
	Document Document
}

// listing is how to list the objects of a resource: by their ids, or all of them.
type listing struct {
	// id is the field that holds the id of an object.
	id string
	// search reads the objects with these ids, which must fit into one call.
	search func(ctx context.Context, s *Session, ids []string) ([]Document, error)
	// all reads all objects.
	all func(s *Session) reader
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
	for began := time.Now(); ; {
		answer, err := call(ctx)
		pause := After(err)
		switch class := ClassOf(err); {
		case class == ClassUnavailable && time.Since(began) < longestOutage:
			pause = listRetry
		case class == ClassCircuitOpen:
			pause, began = longestOutage, time.Now()
		case class != ClassRateLimited:
			return answer, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return answer, ctx.Err()
		case <-called:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// listings are the resources that can be read from lists, by their name in the paths of the Management API.
var listings = map[string]listing{
	"users": {id: "user_id", search: usersByID},
	"clients": {id: "client_id", all: func(s *Session) reader {
		global := false
		return s.checkpoints(routeClients, "clients", func(ctx context.Context, from *string) error {
			_, err := s.clientsAPI.List(ctx, &management.ListClientsRequestParameters{IsGlobal: &global}, checkpointQuery(from))
			return err
		})
	}},
	"client-grants": {id: "id", all: func(s *Session) reader {
		return s.checkpoints(routeClientGrants, "client_grants", func(ctx context.Context, from *string) error {
			_, err := s.clientGrantsAPI.List(ctx, &management.ListClientGrantsRequestParameters{From: from, Take: &pageSize})
			return err
		})
	}},
	"connections": {id: "id", all: func(s *Session) reader {
		return s.checkpoints(routeConnections, "connections", func(ctx context.Context, from *string) error {
			_, err := s.connectionsAPI.List(ctx, &management.ListConnectionsQueryParameters{From: from, Take: &pageSize})
			return err
		})
	}},
	"organizations": {id: "id", all: func(s *Session) reader {
		return s.checkpoints(routeOrganizations, "organizations", func(ctx context.Context, from *string) error {
			_, err := s.organizationsAPI.List(ctx, &management.ListOrganizationsRequestParameters{From: from, Take: &pageSize})
			return err
		})
	}},
	"roles": {id: "id", all: func(s *Session) reader { return s.rolesNamed(nil) }},
	"resource-servers": {id: "id", all: func(s *Session) reader {
		return s.offsets(routeResourceServers, "resource_servers", func(ctx context.Context, page *int) error {
			_, err := s.resourceServersAPI.List(ctx, &management.ListResourceServerRequestParameters{Page: page, PerPage: &pageSize, IncludeTotals: &yes})
			return err
		})
	}},
}

// IsListed reports whether the objects of a resource can be read from lists.
func IsListed(resource string) bool {
	_, ok := listings[resource]
	return ok
}

// Listed reads objects from lists. Each step is one call, and yields what it shows of the objects with these ids. By the end, it
// has yielded each of them once.
func (s *Session) Listed(ctx context.Context, resource string, ids []string) iter.Seq2[[]Shown, error] {
	listing := listings[resource]
	if listing.search != nil {
		return listing.searched(ctx, s, ids)
	}
	return listing.paged(ctx, s, ids)
}

func (l listing) searched(ctx context.Context, s *Session, ids []string) iter.Seq2[[]Shown, error] {
	return func(yield func([]Shown, error) bool) {
		most := pageSize
		for len(ids) > 0 {
			batch := ids[:min(fitting(ids), most)]
			found, err := fairCall(ctx, s, func(ctx context.Context) ([]Document, error) { return l.search(ctx, s, batch) })
			if ClassOf(err) == ClassTooLarge && len(batch) > 1 {
				most = len(batch) / 2
				continue
			}
			if !yield(l.shown(batch, found), err) || err != nil {
				return
			}
			ids = ids[len(batch):]
		}
	}
}

// shown returns an entry for every id.
func (l listing) shown(ids []string, objects []Document) []Shown {
	byID := make(map[string]Document, len(objects))
	for _, object := range objects {
		byID[object.String(l.id)] = object
	}
	shown := make([]Shown, len(ids))
	for i, id := range ids {
		shown[i] = Shown{ID: id, Document: byID[id]}
	}
	return shown
}

// paged stops when it has seen all objects. It gives up a list that needs more calls than there are objects to find: reading each
// of them costs no more.
func (l listing) paged(ctx context.Context, s *Session, ids []string) iter.Seq2[[]Shown, error] {
	return func(yield func([]Shown, error) bool) {
		if len(ids) == 0 {
			return
		}
		missing := make(map[string]bool, len(ids))
		for _, id := range ids {
			missing[id] = true
		}
		calls := 0
		for page, err := range pages(ctx, fairly(s, l.all(s))) {
			var shown []Shown
			for _, object := range page.objects {
				if id := object.String(l.id); missing[id] {
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

// checkpoints reads a list page by page. list takes a checkpoint, and its answer has the objects in a field.
func (s *Session) checkpoints(route, field string, list func(ctx context.Context, from *string) error) reader {
	return func(ctx context.Context, from string) (listPage, error) {
		answer, err := s.manage(ctx, http.MethodGet, route, func(ctx context.Context) error { return list(ctx, checkpoint(from)) })
		page, err := parseObject(answer, err)
		return listPage{page.Objects(field), page.String("next"), answer.size, route}, err
	}
}

// checkpointQuery requests a page of a list. The SDK supports only offset paging for it, which ends at 1000.
func checkpointQuery(from *string) option.RequestOption {
	query := url.Values{"take": {strconv.Itoa(pageSize)}}
	if from != nil {
		query.Set("from", *from)
	}
	return option.WithQueryParameters(query)
}

// mostOffsets bounds how many pages a list with offsets has: Auth0 refuses offsets beyond 1000 records.
const mostOffsets = 10

// offsets reads a list page by page. list takes the number of a page, and its answer has the objects in a field.
func (s *Session) offsets(route, field string, list func(ctx context.Context, page *int) error) reader {
	return func(ctx context.Context, from string) (listPage, error) {
		// Anything that is not a number means the first page.
		number, _ := strconv.Atoi(from)
		answer, err := s.manage(ctx, http.MethodGet, route, func(ctx context.Context) error { return list(ctx, &number) })
		found, err := parseObject(answer, err)
		page := listPage{objects: found.Objects(field), size: answer.size, route: route}
		if len(page.objects) >= pageSize && number+1 < mostOffsets && !isLast(found, number, len(page.objects)) {
			page.next = strconv.Itoa(number + 1)
		}
		return page, err
	}
}

// isLast reports whether a page is the last one according to the total, which saves a call for an empty page after a full one.
func isLast(answer Document, page, records int) bool {
	total, ok := answer["total"].(json.Number)
	count, err := total.Int64()
	return ok && err == nil && int64(page*pageSize+records) >= count
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

func usersByID(ctx context.Context, s *Session, ids []string) ([]Document, error) {
	var terms strings.Builder
	for _, id := range ids {
		terms.WriteString(orID(id))
	}
	query, no := "user_id:("+strings.TrimSuffix(terms.String(), " OR ")+")", false
	answer, err := s.manage(ctx, http.MethodGet, routeUsers, func(ctx context.Context) error {
		_, err := s.usersAPI.List(ctx, &management.ListUsersRequestParameters{
			Q: &query, PerPage: &pageSize, PrimaryOrder: &no, IncludeTotals: &yes,
		})
		return err
	})
	return parseItems(answer, "users", err)
}

// Entry is an entry on a list beside an object, such as a role of a user.
type Entry struct {
	// Field is the field of the list in the spec.
	Field, Name string
}

// MemberList is a list in Auth0 of the members that have certain entries on the lists beside them: the users with a role, by its
// name, or the members of an organization, by its id.
type MemberList struct{ route, of string }

func (r MemberList) String() string { return r.route + " of " + r.of }

// memberLists returns the member list for an entry, by resource and field.
var memberLists = map[string]map[string]func(entry string) MemberList{
	"users": {
		"roles":            func(role string) MemberList { return MemberList{routeRoleUsers, role} },
		fieldOrganizations: organizationMembersList,
		fieldMemberRoles:   organizationMembersList,
	},
}

const (
	fieldOrganizations = "organizations"
	fieldMemberRoles   = "organizations.roles"
)

// organizationMembersList lists the members of an organization with their roles.
func organizationMembersList(entry string) MemberList {
	organization, _ := ParseMemberRole(entry)
	return MemberList{routeOrganizationMembers, organization}
}

// HasMemberList reports whether there is a member list for the entries of a list beside the objects of a resource.
func HasMemberList(resource, field string) bool { return memberLists[resource][field] != nil }

// MemberListOf returns the member list for an entry.
func MemberListOf(resource string, entry Entry) MemberList {
	return memberLists[resource][entry.Field](entry.Name)
}

// Members reads a member list for some of its entries. Each step is one call, and yields the entries of each object, by its id.
func (s *Session) Members(ctx context.Context, memberList MemberList, entries []Entry) iter.Seq2[map[string][]Entry, error] {
	switch {
	case memberList.of == "":
		// The reference is not resolved, so no member is known.
		return func(func(map[string][]Entry, error) bool) {}
	case memberList.route == routeRoleUsers:
		return s.roleMembers(ctx, memberList.of, entries)
	default:
		return s.organizationMembers(ctx, memberList.of, entries)
	}
}

// roleMembers reads the users with a role, by name. A role that does not exist has no members.
func (s *Session) roleMembers(ctx context.Context, name string, entries []Entry) iter.Seq2[map[string][]Entry, error] {
	return func(yield func(map[string][]Entry, error) bool) {
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
		page := s.checkpoints(routeRoleUsers, "users", func(ctx context.Context, from *string) error {
			_, err := s.rolesAPI.Users.List(ctx, id, &management.ListRoleUsersRequestParameters{From: from, Take: &pageSize})
			return err
		})
		for members, err := range memberPages(ctx, s, page, func(Document) []Entry { return entries }) {
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
func (s *Session) organizationMembers(ctx context.Context, id string, entries []Entry) iter.Seq2[map[string][]Entry, error] {
	fields := "user_id"
	if slices.ContainsFunc(entries, func(entry Entry) bool { return entry.Field == fieldMemberRoles }) {
		fields += ",roles"
	}
	page := s.checkpoints(routeOrganizationMembers, "members", func(ctx context.Context, from *string) error {
		_, err := s.organizationsAPI.Members.List(ctx, id, &management.ListOrganizationMembersRequestParameters{From: from, Take: &pageSize, Fields: &fields})
		return err
	})
	return memberPages(ctx, s, page, func(member Document) []Entry {
		has := []Entry{{fieldOrganizations, id}}
		for _, role := range member.Objects("roles") {
			has = append(has, Entry{fieldMemberRoles, MemberRole(id, role.String("name"))})
		}
		return has
	})
}

// memberPages reads pages of users, and yields the entries of each user.
func memberPages(ctx context.Context, s *Session, read reader, has func(Document) []Entry) iter.Seq2[map[string][]Entry, error] {
	return func(yield func(map[string][]Entry, error) bool) {
		for users, err := range pages(ctx, fairly(s, read)) {
			members := make(map[string][]Entry, len(users.objects))
			for _, user := range users.objects {
				members[user.String("user_id")] = has(user)
			}
			if !yield(members, err) || err != nil {
				return
			}
		}
	}
}
