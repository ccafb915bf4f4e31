/* SPDX-License-Identifier: GPL-2.0 */
/* Between the walk over an object (emit.c) and the text it becomes (emit_json.c, emit_yaml.c). */
#ifndef SVCCTL_EMIT_IMPL_H
#define SVCCTL_EMIT_IMPL_H

#include "emit.h"

struct sink {
	void (*map_begin)(struct sink *s);
	void (*map_end)(struct sink *s);
	void (*seq_begin)(struct sink *s);
	void (*seq_end)(struct sink *s);
	void (*key)(struct sink *s, const char *key, size_t len);
	void (*string)(struct sink *s, const char *value);
	void (*number)(struct sink *s, int64_t value);
	void (*boolean)(struct sink *s, bool value);
};

void emit_object(struct sink *s, const struct object *o);
/* One as it is, several as a v1 List. */
void emit_objects(struct sink *s, struct object *const *v, size_t n);

#endif
