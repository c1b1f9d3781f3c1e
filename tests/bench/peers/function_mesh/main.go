// The operator Function Mesh as the bench measures it: its reconciler of Functions and its webhook that fills in
// defaults, unchanged. Its own main also follows autoscalers as API servers before 1.26 knew them, and ends after two
// minutes on any newer one; no Function of the bench has an autoscaler.
package main

import (
	"flag"
	"os"

	"github.com/streamnative/function-mesh/api/compute/v1alpha1"
	"github.com/streamnative/function-mesh/controllers"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

func main() {
	if err := run(); err != nil {
		ctrl.Log.Error(err, "cannot run Function Mesh")
		os.Exit(1)
	}
}

func run() error {
	metricsAddr := flag.String("metrics-addr", "0", "where metrics are served")
	healthAddr := flag.String("health-probe-addr", "0", "where /readyz is served")
	webhookPort := flag.Int("webhook-port", 9443, "where defaults are filled in, on loopback")
	certDir := flag.String("cert-dir", "", "the folder of tls.crt and tls.key")
	qps := flag.Float64("kube-api-qps", 20, "requests a second; the operator itself has no flag for this")
	burst := flag.Int("kube-api-burst", 30, "requests at once; the operator itself has no flag for this")
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseDevMode(true)))

	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	config := ctrl.GetConfigOrDie()
	config.QPS, config.Burst = float32(*qps), *burst
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		MetricsBindAddress:     *metricsAddr,
		HealthProbeBindAddress: *healthAddr,
		Host:                   "127.0.0.1",
		Port:                   *webhookPort,
		CertDir:                *certDir,
	})
	if err != nil {
		return err
	}
	if err := follow(manager); err != nil {
		return err
	}
	if err := (&v1alpha1.Function{}).SetupWebhookWithManager(manager); err != nil {
		return err
	}
	if err := manager.AddReadyzCheck("webhook", manager.GetWebhookServer().StartedChecker()); err != nil {
		return err
	}
	if err := manager.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

// follow has Functions reconciled with the watches of the operator, less that of autoscalers.
func follow(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).
		For(&v1alpha1.Function{}).
		Owns(&appsv1.StatefulSet{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&corev1.Service{}).
		Owns(&corev1.Secret{}).
		Complete(&controllers.FunctionReconciler{
			Client: manager.GetClient(),
			Log:    ctrl.Log.WithName("controllers").WithName("Function"),
			Scheme: manager.GetScheme(),
		})
}
