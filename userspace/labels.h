/* SPDX-License-Identifier: GPL-2.0 */
/* Labels and annotations of Kubernetes that mean something to a service proxy. */
#ifndef SVCCTL_LABELS_H
#define SVCCTL_LABELS_H

#define LABEL_SERVICE_NAME "kubernetes.io/service-name"
#define LABEL_PROXY_NAME "service.kubernetes.io/service-proxy-name"
#define LABEL_HEADLESS "service.kubernetes.io/headless"
#define LABEL_ZONE "topology.kubernetes.io/zone"
#define LABEL_SKIP_MIRROR "endpointslice.kubernetes.io/skip-mirror"
#define ANNOTATION_LEADER "control-plane.alpha.kubernetes.io/leader"

#endif
