#!/bin/sh
# Print a Pod `aiops-volume` that holds the volume of a stopped part at /volume, to copy from and to:
#   sh k8s/volume.sh engine REGISTRY/aiops:0.1.0 | kubectl apply -n aiops -f -
# The part must not run meanwhile: kubectl scale -n aiops statefulset/aiops-engine --replicas=0
set -eu
case ${1:-} in
  engine | tempo) user=10001 ;;
  prometheus | alertmanager) user=65534 ;;
  grafana) user=472 ;;
  *) echo "usage: sh k8s/volume.sh engine|prometheus|tempo|alertmanager|grafana IMAGE [RELEASE]" >&2; exit 2 ;;
esac
image=${2:?which image: the engine\'s, such as registry.example.org/aiops:0.1.0}
cat <<EOF
apiVersion: v1
kind: Pod
metadata:
  name: aiops-volume
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 1
  securityContext:
    runAsNonRoot: true
    runAsUser: $user
    runAsGroup: $user
    fsGroup: $user
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: volume
      image: $image
      command: [sleep, infinity]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources:
        requests: {cpu: 50m, memory: 256Mi}
        limits: {memory: 256Mi}
      volumeMounts:
        - {name: data, mountPath: /volume}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: data
      persistentVolumeClaim: {claimName: ${3:-aiops}-$1}
    - name: tmp
      emptyDir: {sizeLimit: 32Mi}
EOF
