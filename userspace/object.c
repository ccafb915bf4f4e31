// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "object.h"

const char *kind_name(enum kind k)
{
	static const char *const names[KIND_MAX] = {
		[KIND_SERVICE] = "Service",
		[KIND_POD] = "Pod",
		[KIND_ENDPOINTS] = "Endpoints",
		[KIND_SLICE] = "EndpointSlice",
		[KIND_NODE] = "Node",
		[KIND_NAMESPACE] = "Namespace",
		[KIND_SERVICE_CIDR] = "ServiceCIDR",
	};

	return k < KIND_MAX ? names[k] : "object";
}

bool kind_has_namespace(enum kind k)
{
	return k != KIND_NODE && k != KIND_NAMESPACE && k != KIND_SERVICE_CIDR;
}

const char *map_get(const struct map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->v[i].key, key))
			return m->v[i].value;
	return NULL;
}
