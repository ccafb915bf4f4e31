/* SPDX-License-Identifier: GPL-2.0 */
/* What a scalar without quotes is. */
#ifndef SVCCTL_SCALAR_H
#define SVCCTL_SCALAR_H

enum scalar { SCALAR_STRING, SCALAR_NUMBER, SCALAR_BOOL, SCALAR_NULL };

/*
 * A plain YAML scalar, by YAML 1.2's core schema and by what Kubernetes' YAML
 * takes for a number beyond it (1_000, 0b1): such a label value is refused as it
 * is there, not guessed. yes, no, on and off are strings.
 */
enum scalar scalar_plain(const char *s);

#endif
