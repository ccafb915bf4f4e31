// SPDX-License-Identifier: GPL-2.0
#include "reread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	reread(input_json, data, size);
	return 0;
}
