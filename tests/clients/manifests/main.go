// Command manifests reads Kubernetes manifests and compose files as what they are for reads them, and refuses what it would
// not know: "manifests kubernetes FILE…", "manifests compose FILE…".
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("usage: manifests kubernetes|compose FILE…"))
	}
	for _, file := range os.Args[2:] {
		var err error
		switch os.Args[1] {
		case "kubernetes":
			err = kubernetes(file)
		case "compose":
			err = compose(file)
		default:
			err = fmt.Errorf("no %s is known", os.Args[1])
		}
		if err != nil {
			fail(fmt.Errorf("%s: %w", file, err))
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// kubernetes decodes each document into the API's own type, which has no other fields.
func kubernetes(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return err
		}
		var object any
		switch kind.APIVersion + " " + kind.Kind {
		case "apps/v1 StatefulSet":
			object = &appsv1.StatefulSet{}
		case "policy/v1 PodDisruptionBudget":
			object = &policyv1.PodDisruptionBudget{}
		case "v1 Service":
			object = &corev1.Service{}
		default:
			return fmt.Errorf("no type is known for %s %s", kind.APIVersion, kind.Kind)
		}
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			return fmt.Errorf("%s: %w", kind.Kind, err)
		}
		fmt.Println(kind.Kind)
	}
	return nil
}

// compose loads a project, which validates it against the schema of the compose specification.
func compose(file string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithOsEnv, cli.WithName("zone"))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	for _, name := range project.ServiceNames() {
		fmt.Println(name)
	}
	return nil
}
