// SPDX-License-Identifier: GPL-2.0
/* What can be wrong with a value by itself: half sentences for the checks. */
#include "model_impl.h"

#define LABEL_MAX 63
#define DOMAIN_MAX 253
#define PORT_NAME_MAX 15

static const char *ipv4_fault(const uint8_t *b)
{
	if (!b[0])
		return "is in 0.0.0.0/8, which is no machine's address: expected one to connect to";
	if (b[0] == 127)
		return "is a loopback address: expected one other machines can reach";
	if (b[0] == 169 && b[1] == 254)
		return "is a link-local address: expected one that is valid beyond a link";
	if (b[0] >= 224)
		return "is a multicast or reserved address: expected a unicast one";
	return NULL;
}

static const char *ipv6_fault(const uint8_t *b)
{
	static const uint8_t zero[15], mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(b, zero, 15) && b[15] < 2)
		return b[15] ? "is a loopback address: expected one other machines can reach" :
		       "is the unspecified address: expected one to connect to";
	if (!memcmp(b, mapped, 12))
		return "is an IPv4 address in the clothes of IPv6: write it as IPv4";
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return "is a link-local address: expected one that is valid beyond a link";
	if (b[0] == 0xff)
		return "is a multicast address: expected a unicast one";
	return NULL;
}

const char *ip_fault(const char *text, struct ip *ip)
{
	if (!ip_parse(text, ip))
		return "is not an IP address: expected one such as 10.0.0.1 or fd00::1";
	return ip->family == AF_INET ? ipv4_fault(ip->b) : ipv6_fault(ip->b);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the label @s begins with, 0 if there is none. */
static size_t label_len(const char *s)
{
	size_t n = 0;

	while (is_alnum(s[n]) || s[n] == '-')
		n++;
	return n && s[0] != '-' && s[n - 1] != '-' && n <= LABEL_MAX ? n : 0;
}

const char *label_fault(const char *name)
{
	size_t n = label_len(name);

	if (n && !name[n])
		return NULL;
	return "is not a DNS label: expected up to 63 of a-z, 0-9 and '-', the ends not '-'";
}

const char *domain_fault(const char *name)
{
	const char *s = name;
	size_t n;

	while ((n = label_len(s)) && s[n] == '.')
		s += n + 1;
	if (n && !s[n] && (size_t)(s + n - name) <= DOMAIN_MAX)
		return NULL;
	return "is not a DNS name: expected labels of a-z, 0-9 and '-' with dots between, "
	       "up to 253 characters";
}

const char *port_name_fault(const char *name)
{
	size_t n = label_len(name);

	if (n && !name[n] && n <= PORT_NAME_MAX && strpbrk(name, "abcdefghijklmnopqrstuvwxyz"))
		return NULL;
	return "is not a port name: expected up to 15 of a-z, 0-9 and '-', at least one letter";
}

static bool is_word(char c)
{
	return is_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* Up to 63 of them, letters or digits at the ends. */
static bool is_label_text(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (!is_word(s[i]) && !(i && i + 1 < n && strchr("-_.", s[i])))
			return false;
	return n <= LABEL_MAX;
}

const char *label_key_fault(const char *key)
{
	const char *slash = strchr(key, '/'), *name = slash ? slash + 1 : key;
	char prefix[DOMAIN_MAX + 1];

	if (slash && slash - key <= DOMAIN_MAX) {
		memcpy(prefix, key, (size_t)(slash - key));
		prefix[slash - key] = '\0';
	}
	if (*name && is_label_text(name) &&
	    (!slash || (slash - key <= DOMAIN_MAX && !domain_fault(prefix))))
		return NULL;
	return "is not a label's name: expected up to 63 of a-z, A-Z, 0-9, '-', '_' and '.', "
	       "perhaps a DNS name and '/' before them";
}

const char *label_value_fault(const char *value)
{
	if (is_label_text(value))
		return NULL;
	return "is not a label's value: expected up to 63 of a-z, A-Z, 0-9, '-', '_' and '.', "
	       "the first and last a letter or digit";
}
