#!/bin/sh
# The network of a node's pods: they get addresses of the node's own range, and this node knows by which other node the
# pods of every other range are reached. Environment: NODE, POD_CIDR (of all nodes together).
set -eu

# A pod that talks to something outside of the cluster does so by the address of its node.
rule() {
  iptables -w -t nat -C POSTROUTING "$@" 2>/dev/null || iptables -w -t nat -A POSTROUTING "$@"
}

own_range() {
  range=$1
  rule -s "$range" -d "$POD_CIDR" -j RETURN
  rule -s "$range" -j MASQUERADE
  file=/etc/cni/net.d/10-pods.conflist
  cat >"/run/pods.conflist" <<CONFLIST
{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/pod-addresses",
        "ranges": [[{ "subnet": "$range" }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
CONFLIST
  cmp -s /run/pods.conflist "$file" && return
  # containerd reads whatever it sees in there: the file appears whole.
  cp /run/pods.conflist "$file.new"
  mv "$file.new" "$file"
  echo "pods here have addresses of $range"
}

one_line='{{.metadata.name}} {{.spec.podCIDR}} {{range .status.addresses}}{{if eq .type "InternalIP"}}{{.address}} {{end}}{{end}}{{"\n"}}'
while true; do
  kubectl get nodes --watch --output "go-template=$one_line" |
    while read -r name range address _; do
      case "$range" in
        */*) ;;
        *) continue ;; # It has no range yet, and is told again.
      esac
      if [ "$name" = "$NODE" ]; then own_range "$range"; else ip route replace "$range" via "$address"; fi
    done || true
  # A watch ends sooner or later.
  sleep 1
done
