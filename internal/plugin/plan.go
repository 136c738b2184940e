package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/operator"
)

func (p *plugin) planCommand() *cobra.Command {
	var files []string
	var exitCode bool
	command := &cobra.Command{
		Use:   "plan -f FILE…",
		Short: "Show what applying manifests would change in Auth0, field by field",
		Long: `plan reads manifests, compares them with Auth0, and prints what the operator would do with each object. It writes nothing,
neither to the cluster nor to Auth0. It uses the credentials of the Auth0Tenant that a manifest names, which you must be
allowed to read; the Auth0Tenant itself must be in the cluster, and Ready.`,
		Example: "  kubectl auth0 plan -f app.yaml\n  kubectl kustomize overlays/prod | kubectl auth0 plan -f -",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			kube, namespace, err := p.connect()
			if err != nil {
				return err
			}
			objects, err := readManifests(files, namespace, command.InOrStdin())
			if err != nil {
				return err
			}
			differs, err := p.plan(command.Context(), kube, objects)
			if err == nil && differs && exitCode {
				return ErrDiffers
			}
			return err
		},
	}
	command.Flags().StringSliceVarP(&files, "filename", "f", nil, "manifests: files, directories, or - for standard input")
	command.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 if anything would be changed")
	_ = command.MarkFlagRequired("filename")
	return command
}

// plan prints what the operator would do with each object, and reports whether it would change anything.
func (p *plugin) plan(ctx context.Context, kube client.Client, objects []v1alpha1.Object) (bool, error) {
	overlay := &manifests{Client: kube, objects: map[string]v1alpha1.Object{}}
	for _, object := range objects {
		if err := overlay.add(ctx, object); err != nil {
			return false, err
		}
	}
	kinds, counts := controllers.All(), map[engine.PlannedAction]int{}
	shared := deps(overlay)
	for i, object := range objects {
		managed, ok := object.(v1alpha1.Managed)
		if !ok {
			continue
		}
		fmt.Fprintf(p.progress, "\r%d of %d", i+1, len(objects))
		plan := kindNamed(kinds, kindOf(object)).Plan(ctx, shared, kinds, managed)
		fmt.Fprint(p.progress, "\r\033[K")
		if err := ctx.Err(); err != nil {
			return false, err
		}
		printPlan(p.out, managed, plan)
		counts[plan.Action]++
	}
	fmt.Fprintln(p.out, planSummary(counts))
	return len(counts) > 1 || counts[engine.PlannedNothing] == 0 && len(counts) == 1, nil
}

func kindNamed(kinds []engine.Kind, name string) engine.Kind {
	return kinds[slices.IndexFunc(kinds, func(kind engine.Kind) bool { return kind.Name == name })]
}

func printPlan(out io.Writer, object v1alpha1.Managed, plan engine.Plan) {
	fmt.Fprintf(out, "%-9s %s %s\n", plan.Action, kindOf(object), client.ObjectKeyFromObject(object))
	if plan.Action == engine.PlannedWait || plan.Action == engine.PlannedStall {
		fmt.Fprintf(out, "          %s\n", plan.Message)
	}
	for _, difference := range plan.Differences {
		fmt.Fprintf(out, "          %s: %s → %s\n", difference.Field, orNothing(difference.Auth0), orNothing(difference.Spec))
	}
}

func orNothing(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// planSummary counts the planned actions: "2 create, 1 unchanged".
func planSummary(counts map[engine.PlannedAction]int) string {
	var parts []string
	for _, action := range []engine.PlannedAction{
		engine.PlannedCreate, engine.PlannedAdopt, engine.PlannedUpdate, engine.PlannedWait, engine.PlannedStall, engine.PlannedNothing,
	} {
		if counts[action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[action], action))
		}
	}
	if len(parts) == 0 {
		return "no objects of " + v1alpha1.SchemeGroupVersion.Group
	}
	return strings.Join(parts, ", ")
}

// readManifests reads the objects of this API group and skips all others.
func readManifests(files []string, namespace string, stdin io.Reader) ([]v1alpha1.Object, error) {
	var objects []v1alpha1.Object
	for _, file := range files {
		contents, err := contentsOf(file, stdin)
		if err != nil {
			return nil, err
		}
		for name, content := range contents {
			found, err := parseManifests(content, namespace)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			objects = append(objects, found...)
		}
	}
	slices.SortFunc(objects, func(a, b v1alpha1.Object) int {
		return strings.Compare(kindOf(a)+client.ObjectKeyFromObject(a).String(), kindOf(b)+client.ObjectKeyFromObject(b).String())
	})
	return objects, nil
}

// contentsOf reads a file, the YAML files of a directory, or standard input.
func contentsOf(file string, stdin io.Reader) (map[string][]byte, error) {
	if file == "-" {
		content, err := io.ReadAll(stdin)
		return map[string][]byte{"standard input": content}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		content, err := os.ReadFile(file)
		return map[string][]byte{file: content}, err
	}
	root, err := os.OpenRoot(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	return readDirectory(root)
}

func readDirectory(root *os.Root) (map[string][]byte, error) {
	directory, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = directory.Close() }()
	entries, err := directory.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".json") {
			if contents[name], err = root.ReadFile(name); err != nil {
				return nil, err
			}
		}
	}
	return contents, nil
}

func parseManifests(content []byte, namespace string) ([]v1alpha1.Object, error) {
	scheme, err := operator.Scheme()
	if err != nil {
		return nil, err
	}
	decode := strictDecoder(scheme)
	reader := yaml.NewYAMLReader(bufferOf(content))
	var objects []v1alpha1.Object
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object, err := decode(document)
		if err != nil {
			return nil, err
		}
		if object == nil {
			continue
		}
		if object.GetNamespace() == "" {
			object.SetNamespace(namespace)
		}
		objects = append(objects, object)
	}
}

// manifests is a client for the cluster as it would be with the manifests applied.
type manifests struct {
	client.Client
	objects map[string]v1alpha1.Object
}

// add copies the cluster's state of an object into its manifest, because that decides what the operator would do with it.
func (m *manifests) add(ctx context.Context, object v1alpha1.Object) error {
	live := object.DeepCopyObject().(v1alpha1.Object)
	err := m.Client.Get(ctx, client.ObjectKeyFromObject(object), live)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if err == nil {
		manifest := object.DeepCopyObject().(v1alpha1.Object)
		if err := takeStatus(live, object); err != nil {
			return err
		}
		object.SetAnnotations(manifest.GetAnnotations())
	}
	m.objects[kindOf(object)+"/"+client.ObjectKeyFromObject(object).String()] = object
	return nil
}

// Get returns the object from the manifests if it is there, and from the cluster otherwise.
func (m *manifests) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	kind, err := apiutil.GVKForObject(into, m.Scheme())
	if err != nil {
		return err
	}
	object, ok := m.objects[kind.Kind+"/"+key.String()]
	if _, isTenant := object.(*v1alpha1.Auth0Tenant); !ok || isTenant {
		// A tenant always comes from the cluster.
		return m.Client.Get(ctx, key, into, options...)
	}
	if object.GetUID() == "" {
		return apierrors.NewNotFound(v1alpha1.SchemeGroupVersion.WithResource(kind.Kind).GroupResource(), key.Name)
	}
	return copyInto(object, into)
}
