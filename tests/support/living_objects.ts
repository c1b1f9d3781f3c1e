/** Objects of every built-in kind and of ours, for a namespace of its own: written by people, or made by controllers of these. */

const POD = "{containers: [{name: c, image: 'shop/c:1'}]}";
const TEMPLATE = `{metadata: {labels: {app: a}}, spec: ${POD}}`;
const SELECTED = `selector: {matchLabels: {app: a}}, template: ${TEMPLATE}`;
const CLAIM = "accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}";
const COMPONENT =
  "className: a.B, image: 'shop/r:1', pulsar: {pulsarConfig: p}, java: {jar: /a.jar}";

function object(apiVersion: string, kind: string, rest = "", metadata = ""): string {
  return `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: OWN${metadata}}${rest}}`;
}

function spec(text: string): string {
  return `, spec: {${text}}`;
}

const NOTHING =
  "{resourceRules: [{apiGroups: [nobody.example.org], apiVersions: [v1], operations: [CREATE], resources: [nothings]}]}";

function webhook(): string {
  return `{name: OWN.example.org, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {url: 'https://127.0.0.1:1/', caBundle: AUTHORITY}, rules: [{apiGroups: [nobody.example.org], apiVersions: [v1], operations: [CREATE], resources: [nothings]}]}`;
}

/** What everybody writes; `OWN` stands for the name, or its beginning. */
const WRITTEN: readonly string[] = [
  object("v1", "ConfigMap", ", data: {a: '1'}"),
  object("v1", "Secret", ", stringData: {a: '1'}"),
  object("v1", "ServiceAccount"),
  object(
    "v1",
    "Secret",
    ", type: kubernetes.io/service-account-token",
    `-token, annotations: {kubernetes.io/service-account.name: OWN}`,
  ),
  object("v1", "LimitRange", spec("limits: [{type: Container, defaultRequest: {cpu: 10m}}]")),
  object("v1", "ResourceQuota", spec("hard: {pods: '100'}")),
  object("v1", "Pod", `, spec: ${POD}`),
  object("v1", "PodTemplate", `, template: ${TEMPLATE}`),
  object(
    "v1",
    "ReplicationController",
    spec(`replicas: 1, selector: {app: rc}, template: ${TEMPLATE.replace("app: a", "app: rc")}`),
  ),
  object("v1", "Service", spec("type: NodePort, selector: {app: a}, ports: [{port: 80}]")),
  object("v1", "Service", spec("ports: [{port: 80}]"), "-own"),
  object(
    "v1",
    "Endpoints",
    ", subsets: [{addresses: [{ip: 192.0.2.7}], ports: [{port: 80}]}]",
    "-own",
  ),
  object(
    "v1",
    "PersistentVolume",
    spec(
      `capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: "", hostPath: {path: /tmp/a}, claimRef: {namespace: NAMESPACE, name: OWN}`,
    ),
  ),
  object(
    "v1",
    "PersistentVolumeClaim",
    spec(`${CLAIM}, storageClassName: "", volumeName: OWN`),
  ),
  object("v1", "Namespace", "", "-more"),
  object(
    "v1",
    "Event",
    `, involvedObject: {kind: ConfigMap, name: OWN, namespace: NAMESPACE}, reason: Told, message: told, type: Normal`,
  ),
  object("apps/v1", "Deployment", spec(`replicas: 1, ${SELECTED}`)),
  object(
    "apps/v1",
    "StatefulSet",
    spec(
      `serviceName: a, replicas: 1, ${SELECTED}, volumeClaimTemplates: [{metadata: {name: v}, spec: {${CLAIM}}}]`,
    ),
  ),
  object("apps/v1", "DaemonSet", spec(SELECTED)),
  object("batch/v1", "Job", spec(`template: {spec: {restartPolicy: Never, ${POD.slice(1)}}`)),
  object(
    "batch/v1",
    "CronJob",
    spec(
      `schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, ${
        POD.slice(1)
      }}}}`,
    ),
  ),
  object(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    spec(`scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: OWN}, maxReplicas: 3`),
  ),
  object(
    "policy/v1",
    "PodDisruptionBudget",
    spec("minAvailable: 1, selector: {matchLabels: {app: a}}"),
  ),
  object(
    "networking.k8s.io/v1",
    "Ingress",
    spec("defaultBackend: {service: {name: a, port: {number: 80}}}"),
  ),
  object("networking.k8s.io/v1", "IngressClass", spec("controller: example.org/ingress")),
  object("networking.k8s.io/v1", "NetworkPolicy", spec("podSelector: {}")),
  object("networking.k8s.io/v1", "ServiceCIDR", spec("cidrs: [10.96.0.0/24]")),
  object(
    "rbac.authorization.k8s.io/v1",
    "Role",
    ", rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]",
  ),
  object(
    "rbac.authorization.k8s.io/v1",
    "RoleBinding",
    `, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: OWN}, subjects: [{kind: ServiceAccount, name: OWN}]`,
  ),
  object(
    "rbac.authorization.k8s.io/v1",
    "ClusterRole",
    `, aggregationRule: {clusterRoleSelectors: [{matchLabels: {part-of: OWN}}]}, rules: []`,
  ),
  object(
    "rbac.authorization.k8s.io/v1",
    "ClusterRole",
    ", rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]",
    `-part, labels: {part-of: OWN}`,
  ),
  object(
    "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding",
    `, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: OWN}, subjects: [{kind: ServiceAccount, name: OWN, namespace: NAMESPACE}]`,
  ),
  object(
    "coordination.k8s.io/v1",
    "Lease",
    spec("holderIdentity: somebody, leaseDurationSeconds: 15"),
  ),
  object(
    "discovery.k8s.io/v1",
    "EndpointSlice",
    ", addressType: IPv4, endpoints: [{addresses: [192.0.2.9]}], ports: [{port: 80}]",
    `-written, labels: {kubernetes.io/service-name: OWN-own}`,
  ),
  object("scheduling.k8s.io/v1", "PriorityClass", ", value: 7"),
  object("node.k8s.io/v1", "RuntimeClass", ", handler: runc"),
  object("storage.k8s.io/v1", "StorageClass", ", provisioner: example.org/none"),
  object("storage.k8s.io/v1", "CSIDriver", spec("attachRequired: false")),
  object("storage.k8s.io/v1", "CSINode", spec("drivers: [{name: example.org, nodeID: a}]")),
  object("storage.k8s.io/v1", "CSIStorageCapacity", ", storageClassName: a"),
  object(
    "storage.k8s.io/v1",
    "VolumeAttachment",
    spec(`attacher: example.org, nodeName: a, source: {persistentVolumeName: OWN}`),
  ),
  object(
    "storage.k8s.io/v1",
    "VolumeAttributesClass",
    ", driverName: example.org, parameters: {a: b}",
  ),
  object(
    "resource.k8s.io/v1",
    "DeviceClass",
    spec("selectors: [{cel: {expression: \"device.driver == 'example.org'\"}}]"),
  ),
  object(
    "resource.k8s.io/v1",
    "ResourceClaim",
    spec("devices: {requests: [{name: a, exactly: {deviceClassName: a}}]}"),
  ),
  object(
    "resource.k8s.io/v1",
    "ResourceClaimTemplate",
    spec("spec: {devices: {requests: [{name: a, exactly: {deviceClassName: a}}]}}"),
  ),
  object(
    "resource.k8s.io/v1",
    "ResourceSlice",
    spec(
      "driver: example.org, nodeName: a, pool: {name: a, generation: 1, resourceSliceCount: 1}, devices: []",
    ),
  ),
  object(
    "certificates.k8s.io/v1",
    "CertificateSigningRequest",
    spec(`request: REQUEST, signerName: example.org/own, usages: [client auth]`),
  ),
  object(
    "flowcontrol.apiserver.k8s.io/v1",
    "PriorityLevelConfiguration",
    spec("type: Limited, limited: {nominalConcurrencyShares: 1, limitResponse: {type: Reject}}"),
  ),
  object(
    "flowcontrol.apiserver.k8s.io/v1",
    "FlowSchema",
    spec(`priorityLevelConfiguration: {name: OWN}, matchingPrecedence: 9999`),
  ),
  object(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    `, webhooks: [${webhook()}]`,
  ),
  object(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    `, webhooks: [${webhook()}]`,
  ),
  object(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy",
    spec(`matchConstraints: ${NOTHING}, validations: [{expression: 'true'}]`),
  ),
  object(
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicyBinding",
    spec(`policyName: OWN, validationActions: [Audit]`),
  ),
  object(
    "admissionregistration.k8s.io/v1",
    "MutatingAdmissionPolicy",
    spec(
      `matchConstraints: ${NOTHING}, reinvocationPolicy: Never, mutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]`,
    ),
  ),
  object(
    "admissionregistration.k8s.io/v1",
    "MutatingAdmissionPolicyBinding",
    spec(`policyName: OWN`),
  ),
  object(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    spec(
      `group: OWN.example.org, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer, default: 3}}}}}}}]`,
    ),
  ).replace(`name: OWN}`, `name: widgets.OWN.example.org}`),
  object(
    "compute.functionmesh.io/v1alpha1",
    "Function",
    spec(`${COMPONENT}, input: {topics: [a]}`),
  ),
  object(
    "compute.functionmesh.io/v1alpha1",
    "Source",
    spec(`${COMPONENT}, output: {topic: a}, sourceConfig: {}`),
    "-source",
  ),
  object(
    "compute.functionmesh.io/v1alpha1",
    "Sink",
    spec(`${COMPONENT}, input: {topics: [a]}, sinkConfig: {}`),
    "-sink",
  ),
  object(
    "compute.functionmesh.io/v1alpha1",
    "FunctionMesh",
    spec(`functions: [{name: m, ${COMPONENT}, input: {topics: [a]}}]`),
    "-mesh",
  ),
  object("compute.functionmesh.io/v1alpha1", "BackendConfig", spec("env: {A: b}")),
  object(
    "gitops.functionmesh.io/v1alpha1",
    "MeshSync",
    spec("url: 'https://git.example/none.git', suspend: true"),
    "-other",
  ),
];

/** All of them, in YAML; objects of a namespace without it. */
export function livingObjects(
  { name, namespace, authority, request }: {
    /** What all are called, or begin with. */
    readonly name: string;
    readonly namespace: string;
    /** A certificate authority, and a request for a certificate, in base64 of PEM. */
    readonly authority: string;
    readonly request: string;
  },
): string[] {
  return WRITTEN.map((text) =>
    text.replaceAll("OWN", name).replaceAll("NAMESPACE", namespace).replaceAll(
      "AUTHORITY",
      authority,
    )
      .replaceAll("REQUEST", request)
  );
}
