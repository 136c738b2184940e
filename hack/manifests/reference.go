package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

const (
	apiDir         = "docs/reference/api"
	conditionsPage = "docs/reference/conditions.md"
	generatedPage  = "<!-- Written by make generate, from the comments of the Go sources. -->\n"
)

// schema is the OpenAPI schema of a field, which has the comment of the Go field as its description.
type schema = apiextensionsv1.JSONSchemaProps

//go:embed reference.md.tmpl
var kindPage string

// writeReference writes the reference: a page for each kind with all its fields, and one with every condition, reason and
// annotation.
func writeReference(kinds []kind) error {
	page := template.Must(template.New("kind").Funcs(template.FuncMap{"fields": fields, "prose": prose, "split": strings.Fields}).Parse(kindPage))
	if err := os.RemoveAll(apiDir); err != nil {
		return err
	}
	var list bytes.Buffer
	list.WriteString(generatedPage + "# Kinds\n\nEvery field of every kind. `kubectl explain` shows the same.\n\n")
	for _, kind := range kinds {
		var content bytes.Buffer
		content.WriteString(generatedPage)
		if err := page.Execute(&content, map[string]any{"Spec": kind.Spec, "Version": kind.Spec.Versions[0]}); err != nil {
			return err
		}
		name := kind.Spec.Names.Singular + ".md"
		if err := writeNew(filepath.Join(apiDir, name), content.Bytes()); err != nil {
			return err
		}
		summary, _, _ := strings.Cut(kind.Spec.Versions[0].Schema.OpenAPIV3Schema.Description, "\n\n")
		fmt.Fprintf(&list, "- [%s](%s): %s\n", kind.Spec.Names.Kind, name, prose(summary))
	}
	return errors.Join(write(filepath.Join(apiDir, "README.md"), list.Bytes()), writeConditions())
}

// fields lists the fields of an object, each followed by its own, as a tree.
func fields(object schema) string {
	var list strings.Builder
	addFields(&list, "", object)
	return list.String()
}

func addFields(list *strings.Builder, indent string, object schema) {
	for _, name := range slices.Sorted(maps.Keys(object.Properties)) {
		field := object.Properties[name]
		facts := append([]string{typeOf(field)}, limits(field)...)
		if slices.Contains(object.Required, name) {
			facts = append(facts, "required")
		}
		// A comment begins with the name of its field.
		comment := strings.ReplaceAll(prose(strings.TrimPrefix(field.Description, name)), "\n", "\n"+indent+"  ")
		fmt.Fprintf(list, "%s- **`%s`** (%s) %s\n", indent, name, strings.Join(facts, ", "), strings.TrimSpace(comment))
		addRules(list, indent+"  ", field)
		addFields(list, indent+"  ", element(field))
	}
}

// addRules lists the CEL rules of a field by their messages.
func addRules(list *strings.Builder, indent string, field schema) {
	for _, rule := range append(slices.Clone(field.XValidations), elementOf(field).XValidations...) {
		fmt.Fprintf(list, "%s- *Rule:* %s\n", indent, prose(rule.Message))
	}
}

// element is the schema of the field, or of the items of a list or the values of a map.
func element(field schema) schema {
	if inner := elementOf(field); inner.Type != "" {
		return element(inner)
	}
	return field
}

// elementOf is the schema of the items of a list or of the values of a map. It is empty for other types.
func elementOf(field schema) schema {
	switch {
	case field.Items != nil && field.Items.Schema != nil:
		return *field.Items.Schema
	case field.AdditionalProperties != nil && field.AdditionalProperties.Schema != nil:
		return *field.AdditionalProperties.Schema
	}
	return schema{}
}

func typeOf(field schema) string {
	inner := elementOf(field)
	switch {
	case field.Type == "array":
		return "list of " + typeOf(inner)
	case inner.Type != "":
		return "map of " + typeOf(inner)
	case field.Type == "":
		return "any value"
	case field.Format == "date-time":
		return "time"
	}
	return field.Type
}

// limits are the constraints that the API server checks, except the rules. A pattern says less than the comment.
func limits(field schema) []string {
	var found []string
	if len(field.Enum) > 0 {
		values := make([]string, len(field.Enum))
		for i, value := range field.Enum {
			values[i] = "`" + strings.Trim(string(value.Raw), `"`) + "`"
		}
		found = append(found, "one of "+strings.Join(values, " "))
	}
	if field.Default != nil {
		found = append(found, "default `"+string(field.Default.Raw)+"`")
	}
	found = append(found, span("", field.Minimum, field.Maximum)...)
	found = append(found, span(" characters", field.MinLength, field.MaxLength)...)
	found = append(found, span(" items", field.MinItems, field.MaxItems)...)
	return append(found, span(" entries", field.MinProperties, field.MaxProperties)...)
}

// span is the range of a number.
func span[N int64 | float64](unit string, least, most *N) []string {
	switch {
	case least != nil && most != nil:
		return []string{decimal(*least) + " to " + decimal(*most) + unit}
	case least != nil:
		return []string{"at least " + decimal(*least) + unit}
	case most != nil:
		return []string{"at most " + decimal(*most) + unit}
	}
	return nil
}

func decimal[N int64 | float64](number N) string {
	return strconv.FormatFloat(float64(number), 'f', -1, 64)
}

// prose is the text of a comment as Markdown. It escapes text outside backquotes.
func prose(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer("<", `\<`, "*", `\*`).Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

// writeConditions writes a page from the constants: a section for each group, with its comment as title.
func writeConditions() error {
	file, err := parser.ParseFile(token.NewFileSet(), annotations, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	var page strings.Builder
	page.WriteString(generatedPage + "# Conditions, reasons and annotations\n\n[Status](status.md) says what to do about each.\n")
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || !group.Lparen.IsValid() {
			continue
		}
		title, more, _ := strings.Cut(oneLine(group.Doc), ". ")
		fmt.Fprintf(&page, "\n## %s\n\n", strings.TrimSuffix(title, "."))
		if more != "" {
			page.WriteString(more + "\n\n")
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			value, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				return err
			}
			meaning := strings.TrimPrefix(oneLine(constant.Doc), constant.Names[0].Name+" ")
			fmt.Fprintf(&page, "- `%s` %s\n", value, prose(meaning))
		}
	}
	return write(conditionsPage, []byte(page.String()))
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
