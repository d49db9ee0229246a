package networkpolicy

// Answers, for sets of policies, which connections kube-network-policies lets pass. Laid beside its own files by
// record.py: what evaluates a packet is not exported.

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"testing"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	npafake "sigs.k8s.io/network-policy-api/pkg/client/clientset/versioned/fake"
	npainformers "sigs.k8s.io/network-policy-api/pkg/client/informers/externalversions"
)

type connection struct {
	From, To, Protocol string
	Port               int
}

type question struct {
	Namespaces  []v1.Namespace
	Pods        []v1.Pod
	Sets        [][]networkingv1.NetworkPolicy
	Connections []connection
}

func TestJudge(t *testing.T) {
	content, err := os.ReadFile(os.Getenv("QUESTION"))
	if err != nil {
		t.Fatal(err)
	}
	var asked question
	if err := json.Unmarshal(content, &asked); err != nil {
		t.Fatal(err)
	}
	answers := make([][]bool, 0, len(asked.Sets))
	for _, policies := range asked.Sets {
		answers = append(answers, judge(t, asked, policies))
	}
	content, err = json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("ANSWER"), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func judge(t *testing.T, asked question, policies []networkingv1.NetworkPolicy) []bool {
	client, npaClient := fake.NewSimpleClientset(), npafake.NewSimpleClientset()
	factory := informers.NewSharedInformerFactory(client, 0)
	npaFactory := npainformers.NewSharedInformerFactory(npaClient, 0)
	core, networking, npa := factory.Core().V1(), factory.Networking().V1(), npaFactory.Policy().V1alpha1()
	controller, err := newController(
		client, networking.NetworkPolicies(), core.Namespaces(), core.Pods(), core.Nodes(),
		npaClient, npa.AdminNetworkPolicies(), npa.BaselineAdminNetworkPolicies(), Config{},
	)
	if err != nil {
		t.Fatal(err)
	}
	for i := range asked.Namespaces {
		if err := core.Namespaces().Informer().GetStore().Add(&asked.Namespaces[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range asked.Pods {
		if err := core.Pods().Informer().GetStore().Add(&asked.Pods[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range policies {
		if err := networking.NetworkPolicies().Informer().GetStore().Add(&policies[i]); err != nil {
			t.Fatal(err)
		}
	}
	passed := make([]bool, 0, len(asked.Connections))
	for _, tried := range asked.Connections {
		passed = append(passed, controller.evaluatePacket(context.Background(), packet{
			srcIP: net.ParseIP(tried.From), srcPort: 50000,
			dstIP: net.ParseIP(tried.To), dstPort: tried.Port,
			proto: v1.Protocol(tried.Protocol),
		}))
	}
	return passed
}
