package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// kind is a kind to write, by the names that the templates use.
type kind struct {
	// Name is the name of the kind without Auth0: EmailTemplate.
	Name string
	// Resource is the path of its objects below /api/v2: email-templates.
	Resource string

	// words are the words of the name: email template, network ACL.
	words []string
}

var (
	camelCase    = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	resourcePath = regexp.MustCompile(`^[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)*$`)
)

func newKind(name, resource string) (kind, error) {
	switch {
	case !camelCase.MatchString(name):
		return kind{}, fmt.Errorf("NAME=%s is not in CamelCase; write it like EmailTemplate", name)
	case strings.HasPrefix(name, "Auth0"):
		return kind{}, fmt.Errorf("NAME=%s has the prefix that every kind gets; leave out Auth0", name)
	case !resourcePath.MatchString(resource):
		return kind{}, fmt.Errorf("RESOURCE=%s is no path below /api/v2 without parameters; write it like email-templates", resource)
	}
	return kind{Name: name, Resource: resource, words: wordsOf(name)}, nil
}

// wordsOf splits a name into words, in lower case unless they are acronyms.
func wordsOf(name string) []string {
	var words []string
	for start, i := 0, 1; i <= len(name); i++ {
		isEnd := i == len(name) || isUpper(name[i]) && (!isUpper(name[i-1]) || i+1 < len(name) && !isUpper(name[i+1]))
		if !isEnd {
			continue
		}
		part := name[start:i]
		if len(part) == 1 || part != strings.ToUpper(part) {
			part = strings.ToLower(part)
		}
		words = append(words, part)
		start = i
	}
	return words
}

func isUpper(letter byte) bool { return unicode.IsUpper(rune(letter)) || unicode.IsDigit(rune(letter)) }

// Kind is Auth0EmailTemplate.
func (k kind) Kind() string { return "Auth0" + k.Name }

// Singular is auth0emailtemplate.
func (k kind) Singular() string { return strings.ToLower(k.Kind()) }

// Package is emailtemplate.
func (k kind) Package() string { return strings.ToLower(k.Name) }

// Title is email template.
func (k kind) Title() string { return strings.Join(k.words, " ") }

// ATitle is an email template.
func (k kind) ATitle() string {
	if strings.ContainsAny(k.Title()[:1], "aeiouAEIO") {
		return "an " + k.Title()
	}
	return "a " + k.Title()
}

// Column is Email Template.
func (k kind) Column() string {
	words := make([]string, len(k.words))
	for i, word := range k.words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}

// Collection is the function of the simulator's collection: emailTemplates, actionsActions.
func (k kind) Collection() string {
	parts := strings.FieldsFunc(k.Resource, func(r rune) bool { return r == '-' || r == '/' })
	for i := range parts[1:] {
		parts[i+1] = strings.ToUpper(parts[i+1][:1]) + parts[i+1][1:]
	}
	return strings.Join(parts, "")
}

// Scopes is the last part of the scopes and the name of the list: email_templates.
func (k kind) Scopes() string { return strings.NewReplacer("-", "_", "/", "_").Replace(k.Resource) }

// Items is what a page of the list calls the objects: email_templates.
func (k kind) Items() string {
	return strings.ReplaceAll(k.Resource[strings.LastIndex(k.Resource, "/")+1:], "-", "_")
}
