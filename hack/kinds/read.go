package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	prefix         = "Auth0"
	resourceMarker = "+kubebuilder:resource:"
	columnMarker   = "+kubebuilder:printcolumn:"
	// naturalKeyMarker marks the field that is the Name of an object's Identity, if that is not the name in the status.
	naturalKeyMarker = "+auth0:naturalKey"
)

// kind is a kind as its types describe it.
type kind struct {
	// Name is the name of the kind: Auth0Role.
	Name string
	// Doc is the comment of the kind, without markers. It ends with a line break.
	Doc string
	// Resource is the marker with the short name, and Columns are the columns in kubectl get, as printcolumn takes them.
	Resource string
	Columns  []string
	// Spec and Status are the two types.
	Spec, Status part
	// ID and NaturalKey are the fields of the object's Identity, as Status.ID. They are empty if nothing can refer to such an object.
	ID, NaturalKey string
}

// part is the type of the spec or the status.
type part struct {
	*ast.StructType

	// Doc is the comment of the field with this type.
	Doc string
}

// IsManaged reports whether objects represent something in a tenant.
func (k kind) IsManaged() bool { return k.Spec.embeds("ManagedSpec") }

// readKinds reads the kinds of a folder, in the order of their names. A kind has a type Auth0<Name>Spec, and a comment that begins with
// Auth0<Name>.
func readKinds(dir string) ([]kind, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_types.go"))
	if err != nil {
		return nil, err
	}
	var kinds []kind
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, found := range namesOf(file) {
			kind, err := readKind(file, found)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("no kinds in %s: run this from the root of the checkout, by make generate (%w)", dir, os.ErrNotExist)
	}
	slices.SortFunc(kinds, func(a, b kind) int { return strings.Compare(a.Name, b.Name) })
	return kinds, nil
}

// namesOf lists the kinds that a file declares.
func namesOf(file *ast.File) []string {
	var names []string
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			name, isSpec := strings.CutSuffix(spec.(*ast.TypeSpec).Name.Name, "Spec")
			if isSpec && strings.HasPrefix(name, prefix) {
				names = append(names, name)
			}
		}
	}
	return names
}

func readKind(file *ast.File, name string) (kind, error) {
	k := kind{Name: name}
	columns, commentErr := k.readComment(file)
	var specErr, statusErr error
	k.Spec, specErr = readPart(file, name, "Spec")
	k.Status, statusErr = readPart(file, name, "Status")
	if err := errors.Join(commentErr, specErr, statusErr); err != nil {
		return kind{}, err
	}
	k.ID = k.idField()
	if k.ID != "" {
		k.NaturalKey = k.naturalKeyField()
	}
	k.Columns = k.allColumns(columns)
	return k, nil
}

// readComment reads the comment about the kind, which belongs to no declaration, and returns the kind's own columns.
func (k *kind) readComment(file *ast.File) (columns []string, err error) {
	for _, comment := range file.Comments {
		if !strings.HasPrefix(comment.Text(), k.Name+" ") {
			continue
		}
		for _, line := range comment.List {
			text := strings.TrimSpace(strings.TrimPrefix(line.Text, "//"))
			switch {
			case strings.HasPrefix(text, resourceMarker):
				k.Resource = "// " + text + ",categories=auth0"
			case strings.HasPrefix(text, columnMarker):
				columns = append(columns, strings.TrimPrefix(text, columnMarker))
			default:
				k.Doc += line.Text + "\n"
			}
		}
	}
	if k.Doc == "" || k.Resource == "" {
		return nil, fmt.Errorf("%[1]s needs a comment of its own: \"// %[1]s is …\", with the markers %[2]sshortName=a0… and %[3]s…", k.Name, resourceMarker, columnMarker)
	}
	return columns, nil
}

func readPart(file *ast.File, kind, suffix string) (part, error) {
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			declared := spec.(*ast.TypeSpec)
			if fields, ok := declared.Type.(*ast.StructType); ok && declared.Name.Name == kind+suffix {
				return part{StructType: fields, Doc: fieldDoc(group.Doc, kind+suffix, strings.ToLower(suffix))}, nil
			}
		}
	}
	return part{}, fmt.Errorf("there is no type %s%s struct", kind, suffix)
}

// fieldDoc makes the comment of a field from the first paragraph of the comment of its type, without markers.
func fieldDoc(comment *ast.CommentGroup, typeName, field string) string {
	paragraph, _, _ := strings.Cut(strings.TrimSpace(comment.Text()), "\n\n")
	var doc strings.Builder
	for line := range strings.SplitSeq(strings.Replace(paragraph, typeName, field, 1), "\n") {
		if !strings.HasPrefix(line, "+") {
			doc.WriteString("// " + line + "\n")
		}
	}
	return doc.String()
}

func (p part) embeds(name string) bool {
	return slices.ContainsFunc(p.Fields.List, func(field *ast.Field) bool {
		embedded, ok := field.Type.(*ast.Ident)
		return ok && len(field.Names) == 0 && embedded.Name == name
	})
}

// field finds a field by its name.
func (p part) field(name string) *ast.Field {
	for _, field := range p.Fields.List {
		if len(field.Names) > 0 && field.Names[0].Name == name {
			return field
		}
	}
	return nil
}

// marked finds the name of the field with a marker.
func (p part) marked(marker string) string {
	for _, field := range p.Fields.List {
		if field.Doc != nil && slices.ContainsFunc(field.Doc.List, func(line *ast.Comment) bool { return line.Text == "// "+marker }) {
			return field.Names[0].Name
		}
	}
	return ""
}

// idField finds the id in the status: ID, or ClientID for an Auth0Client. A kind that represents nothing in a tenant has no Identity.
func (k kind) idField() string {
	for _, name := range []string{"ID", strings.TrimPrefix(k.Name, prefix) + "ID"} {
		if k.IsManaged() && k.Status.field(name) != nil {
			return "Status." + name
		}
	}
	return ""
}

func (k kind) naturalKeyField() string {
	if name := k.Status.marked(naturalKeyMarker); name != "" {
		return "Status." + name
	}
	if name := k.Spec.marked(naturalKeyMarker); name != "" {
		return "Spec." + name
	}
	if k.Status.field("Name") != nil {
		return "Status.Name"
	}
	return ""
}

var (
	jsonName = regexp.MustCompile(`json:"(\w+)`)
)

// allColumns adds the columns that all kinds share to the kind's own.
func (k kind) allColumns(own []string) []string {
	isWide := func(column string) bool { return strings.Contains(column, "priority=1") }
	ready := func(name, field string) string {
		return `name="` + name + "\",type=string,JSONPath=`.status.conditions[?(@.type==\"Ready\")]." + field + "`"
	}
	columns := []string{ready("Ready", "status"), ready("Reason", "reason")}
	columns = append(columns, slices.DeleteFunc(slices.Clone(own), isWide)...)
	columns = append(columns,
		`name="Age",type=date,JSONPath=`+"`.metadata.creationTimestamp`",
		`name="Deleting",type=date,JSONPath=`+"`.metadata.deletionTimestamp`")
	wide := slices.DeleteFunc(slices.Clone(own), func(column string) bool { return !isWide(column) })
	if _, name, _ := strings.Cut(k.ID, "."); name != "" {
		path := jsonName.FindStringSubmatch(k.Status.field(name).Tag.Value)[1]
		wide = append(wide, `name="ID",type=string,priority=1,JSONPath=`+"`.status."+path+"`")
	}
	if k.IsManaged() {
		wide = append(wide, `name="Tenant",type=string,priority=1,JSONPath=`+"`.spec.tenantRef.name`")
	}
	return append(columns, wide...)
}
