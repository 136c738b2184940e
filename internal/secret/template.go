package secret

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Render makes the data of an output Secret out of the values of a kind: one key per value, or what the templates say.
func Render(output v1alpha1.OutputSecret, values map[string]string) (map[string][]byte, error) {
	data := map[string][]byte{}
	if len(output.Data) == 0 {
		for key, value := range values {
			data[key] = []byte(value)
		}
		return data, nil
	}
	for key, text := range output.Data {
		rendered, err := render(key, string(text), values)
		if err != nil {
			return nil, err
		}
		data[key] = rendered
	}
	return data, nil
}

func render(key, text string, values map[string]string) ([]byte, error) {
	parsed, err := template.New(key).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret is not a Go template: %s", key, plain(err))
	}
	if err := checkPlain(parsed.Root); err != nil {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret uses %v; it can use values, if, and the functions %s", key, err, strings.Join(functions, " "))
	}
	var rendered strings.Builder
	if err := parsed.Execute(&rendered, values); err != nil {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output Secret cannot be filled: %s; it can use %s", key, plain(err), names(values))
	}
	return []byte(rendered.String()), nil
}

// place is where text/template says that an error is: the template has the name of the key, and one line.
var place = regexp.MustCompile(`^template: \S+: (executing "[^"]*" at )?`)

// plain is an error of text/template without the place.
func plain(err error) string { return place.ReplaceAllString(err.Error(), "") }

// names lists what a template can use: .accessToken, .expiresAt, …
func names(values map[string]string) string {
	return "." + strings.Join(slices.Sorted(maps.Keys(values)), ", .")
}

// functions are those that a template may call: what they make is no longer than what they are given, by more than a little.
var functions = []string{"and", "eq", "html", "index", "len", "ne", "not", "or", "print", "urlquery"}

// checkPlain refuses what filling a Secret does not take, and with which a few characters fill the memory or never end
// (loops, variables and with, templates that call each other, printf): one process serves all namespaces.
func checkPlain(node parse.Node) error {
	switch node := node.(type) {
	case *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ListNode:
		return checkList(node)
	case *parse.ActionNode:
		return checkPipe(node.Pipe)
	case *parse.IfNode:
		if err := checkPipe(node.Pipe); err != nil {
			return err
		}
		if err := checkList(node.List); err != nil {
			return err
		}
		return checkList(node.ElseList)
	}
	return fmt.Errorf("%s", node)
}

// checkList checks what is there: an else may not be.
func checkList(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := checkPlain(node); err != nil {
			return err
		}
	}
	return nil
}

func checkPipe(pipe *parse.PipeNode) error {
	if len(pipe.Decl) > 0 {
		return fmt.Errorf("the variable %s", pipe.Decl[0])
	}
	for _, command := range pipe.Cmds {
		for _, argument := range command.Args {
			if err := checkArgument(argument); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkArgument(node parse.Node) error {
	switch node := node.(type) {
	case *parse.PipeNode:
		return checkPipe(node)
	case *parse.ChainNode:
		return checkArgument(node.Node)
	case *parse.IdentifierNode:
		if !slices.Contains(functions, node.Ident) {
			return fmt.Errorf("the function %s", node.Ident)
		}
	}
	return nil
}
