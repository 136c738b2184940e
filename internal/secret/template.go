package secret

import (
	"errors"
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

const (
	// largestOutput limits the bytes that templates may produce: Kubernetes stores no larger Secret.
	largestOutput = 1 << 20
	// assumedLength is the minimum that a value counts as, in bytes. So a template that is too large is refused before there is a
	// token.
	assumedLength = 4 << 10
)

// Render renders the data of an output Secret from the values of a kind: one key per value, or the templates. Output adds the
// random values. Whether it fails, and with which message, never depends on the values, so that no template can find out a secret
// that way.
func Render(output v1alpha1.OutputSecret, values map[string]string) (map[string][]byte, error) {
	return render(Secret, output.Data, values)
}

// RenderPublic renders the data of an output ConfigMap likewise. values contains no secrets, so that no template can use one.
func RenderPublic(output v1alpha1.OutputConfigMap, values map[string]string) (map[string][]byte, error) {
	for _, key := range slices.Sorted(maps.Keys(output.Data)) {
		if _, isRandom := randomLength(output.Data[key]); isRandom {
			return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output ConfigMap asks for a random value, which is a secret; move the key to outputSecret", key)
		}
	}
	return render(ConfigMap, output.Data, values)
}

func render(into Destination, templates map[string]v1alpha1.SecretTemplate, values map[string]string) (map[string][]byte, error) {
	data := map[string][]byte{}
	if len(templates) == 0 {
		for key, value := range values {
			data[key] = []byte(value)
		}
		return data, nil
	}
	check := checker{lengths: lengthsOf(values)}
	parsed := map[string]*parse.Tree{}
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		if length, isRandom := randomLength(templates[key]); isRandom {
			if err := checkRandom(key, length); err != nil {
				return nil, err
			}
			check.add(length)
			continue
		}
		tree, err := parseTemplate(key, string(templates[key]))
		if err != nil {
			return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output %s is not a Go template: %s", key, into.kind(), err)
		}
		if err := check.list(tree.Root); err != nil {
			return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output %s uses %v; it can use the values %s, texts in quotes, if and else, and the functions %s",
				key, into.kind(), err, names(values), strings.Join(slices.Sorted(maps.Keys(functions)), " "))
		}
		parsed[key] = tree
	}
	if check.size > largestOutput {
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the templates can make more than 1 MiB, which is all that a %s holds; use fewer values and functions (a value counts as 4 KiB or more, html makes it 5 times as long, urlquery 3 times)", into.kind())
	}
	for key, tree := range parsed {
		rendered, err := fill(key, tree, values)
		if err != nil {
			return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "the template of key %s of the output %s cannot be filled; make it simpler", key, into.kind())
		}
		data[key] = rendered
	}
	return data, nil
}

// fill never fails for a checked template. Its error quotes values, so it must not be shown.
func fill(key string, tree *parse.Tree, values map[string]string) ([]byte, error) {
	checked, err := template.New(key).AddParseTree(key, tree)
	if err != nil {
		return nil, err
	}
	var rendered strings.Builder
	if err := checked.Execute(&rendered, values); err != nil {
		return nil, err
	}
	return []byte(rendered.String()), nil
}

// place is the position that text/template puts before an error: the template has the name of the key, and one line.
var place = regexp.MustCompile(`^template: \S+: `)

// parseTemplate parses a template that defines no others.
func parseTemplate(key, text string) (*parse.Tree, error) {
	tree, all := parse.New(key), map[string]*parse.Tree{}
	// The checker knows the functions.
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", all); err != nil {
		return nil, errors.New(place.ReplaceAllString(err.Error(), ""))
	}
	if len(all) > 1 || all[key] != tree {
		return nil, errors.New("it defines another template, which none can use")
	}
	return tree, nil
}

// names lists the values that a template can use: .accessToken, .expiresAt, …
func names(values map[string]string) string {
	return "." + strings.Join(slices.Sorted(maps.Keys(values)), ", .")
}

func lengthsOf(values map[string]string) map[string]int {
	lengths := make(map[string]int, len(values))
	for name, value := range values {
		lengths[name] = max(len(value), assumedLength)
	}
	return lengths
}

// function is a function that templates may call.
type function struct {
	// least and most are the limits of the number of its arguments; most is 0 for no limit.
	least, most int
	// factor limits the length of its result, as a multiple of its arguments.
	factor int
}

// functions are the allowed functions: they fail for no value.
var functions = map[string]function{
	"and":      {least: 1, factor: 1},
	"html":     {factor: len("&#34;")},
	"not":      {least: 1, most: 1, factor: 1},
	"or":       {least: 1, factor: 1},
	"print":    {factor: 1},
	"urlquery": {factor: len("%20")},
}

// checker refuses templates that are unsafe. Some functions fail depending on a value, and their error would reveal the value
// (index, eq). Others make much of a few characters, or never end (loops, variables, printf): one process serves all namespaces.
type checker struct {
	// lengths are the lengths of the values.
	lengths map[string]int
	// size is the limit of all results and texts together, in bytes.
	size int
}

// add adds the size of a result, and returns it.
func (c *checker) add(size int) int {
	size = min(size, largestOutput+1)
	c.size = min(c.size+size, largestOutput+1)
	return size
}

// list checks the nodes of a list, which is nil for a missing else.
func (c *checker) list(list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := c.node(node); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) node(node parse.Node) error {
	switch node := node.(type) {
	case *parse.TextNode:
		c.add(len(node.Text))
		return nil
	case *parse.ActionNode:
		size, err := c.pipe(node.Pipe)
		c.add(size)
		return err
	case *parse.IfNode:
		if _, err := c.pipe(node.Pipe); err != nil {
			return err
		}
		if err := c.list(node.List); err != nil {
			return err
		}
		return c.list(node.ElseList)
	}
	return unusable(node)
}

// pipe returns the maximum size of the result of a pipeline.
func (c *checker) pipe(pipe *parse.PipeNode) (size int, err error) {
	if len(pipe.Decl) > 0 {
		return 0, fmt.Errorf("the variable %s", pipe.Decl[0])
	}
	for i, command := range pipe.Cmds {
		if size, err = c.command(command, i > 0, size); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// command returns the maximum size of the result of a command, which may receive the result of the previous one.
func (c *checker) command(command *parse.CommandNode, piped bool, size int) (int, error) {
	called, isCall := command.Args[0].(*parse.IdentifierNode)
	if !isCall {
		if piped || len(command.Args) > 1 {
			return 0, fmt.Errorf("%s as a function", short(command.Args[0]))
		}
		return c.argument(command.Args[0])
	}
	if called.Ident == "random" {
		return 0, errors.New("random beside other text; write {{ random 32 }} alone in a key")
	}
	function, known := functions[called.Ident]
	if !known {
		return 0, fmt.Errorf("the function %s", called.Ident)
	}
	arguments := command.Args[1:]
	count := len(arguments)
	if piped {
		count++
	}
	if count < function.least || function.most > 0 && count > function.most {
		return 0, fmt.Errorf("the function %s with %d arguments", called.Ident, count)
	}
	for _, argument := range arguments {
		more, err := c.argument(argument)
		if err != nil {
			return 0, err
		}
		size += more
	}
	// print puts spaces between operands that are not strings, which here are false or true.
	return c.add(function.factor*size + len("false ")*count), nil
}

// argument returns the maximum size of an argument.
func (c *checker) argument(node parse.Node) (int, error) {
	switch node := node.(type) {
	case *parse.PipeNode:
		return c.pipe(node)
	case *parse.StringNode:
		return len(node.Text), nil
	case *parse.FieldNode:
		if length, known := c.lengths[node.Ident[0]]; known && len(node.Ident) == 1 {
			return length, nil
		}
	}
	return 0, unusable(node)
}

func unusable(node parse.Node) error { return errors.New(short(node)) }

// longestQuote limits how much of a template a message quotes.
const longestQuote = 60

func short(node parse.Node) string {
	text := node.String()
	if len(text) > longestQuote {
		return strings.ToValidUTF8(text[:longestQuote], "") + "…"
	}
	return text
}

// TemplateWarnings warns of templates that are the name of a value instead of the value.
func TemplateWarnings(field string, output v1alpha1.OutputSecret, values ...string) []string {
	var warnings []string
	for _, key := range slices.Sorted(maps.Keys(output.Data)) {
		name := strings.TrimPrefix(strings.TrimSpace(string(output.Data[key])), ".")
		if slices.Contains(values, name) {
			warnings = append(warnings, fmt.Sprintf("%s.data.%s: the Secret holds the word %q; for the value, write {{ .%s }}", field, key, name, name))
		}
	}
	return warnings
}
