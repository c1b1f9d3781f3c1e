/** Scripts of the shell that finish a node's root. No effects here. */

/** Settings of the kernel by their names below /proc/sys, covered in each node. */
export function entrypointText(
  template: string,
  settings: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(settings).map(([name, value]) => `cover ${name} ${value}`);
  return template.replace("@COVERS@", lines.join("\n"));
}

/** Where the archives of images are laid over a folder of the root while containerd reads them. */
export const ARCHIVES = "/archives";

/**
 * In the root: which units start. A container has no devices and no logins, and nothing in it may register with the machine's
 * kernel: what kind's own image leaves out is left out.
 */
export const UNITS = `
wants=/lib/systemd/system
rm -f "$wants"/sysinit.target.wants/systemd-tmpfiles-setup.service \\
  "$wants"/multi-user.target.wants/* /etc/systemd/system/*.wants/* \\
  "$wants"/local-fs.target.wants/* "$wants"/basic.target.wants/* \\
  "$wants"/sockets.target.wants/*udev* "$wants"/sockets.target.wants/*initctl*
echo ReadKMsg=no >>/etc/systemd/journald.conf
# Debian's package has a unit of its own, which knows where its program is.
rm -f /etc/systemd/system/containerd.service /etc/systemd/system/containerd-fuse-overlayfs.service
systemctl enable containerd.service kubelet.service undo-mount-hacks.service
systemctl mask console-getty.service getty.target systemd-binfmt.service systemd-logind.service
systemctl set-default multi-user.target
`;

/**
 * In the root, with archives at {@linkcode ARCHIVES}: containerd takes their images and unpacks them; nodes need what is
 * packed no more.
 *
 * @param layers digests of all layers
 */
export function importScript(layers: readonly string[]): string {
  return `
containerd --log-level warn >/tmp/containerd.log 2>&1 &
containerd=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ]; then cat /tmp/containerd.log; exit 1; fi
  sleep 0.1
done
for archive in ${ARCHIVES}/*.tar; do ctr --namespace k8s.io images import "$archive"; done
for layer in ${layers.join(" ")}; do ctr --namespace k8s.io content rm "$layer"; done
ctr --namespace k8s.io images ls --quiet
kill "$containerd"
wait "$containerd" || true
`;
}

/** Outside of the root, with mounts and processes of its own: runs a script in it. Arguments: root, archives, script. */
export const CHROOTED = `
root=$1 archives=$2 script=$3
mkdir -p "$root${ARCHIVES}"
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$archives" "$root${ARCHIVES}"
chroot "$root" /bin/sh -ec "$script"
`;
