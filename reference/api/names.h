// What names, label keys and label values may look like.
//
// Each function lists what is wrong with the text, in the words of
// k8s.io/apimachinery/pkg/util/validation; nothing when it is right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kp::api {

using NameErrors = std::vector<std::string>;

NameErrors CheckDns1123Label(std::string_view text);      // "my-name", at most 63
NameErrors CheckDns1123Subdomain(std::string_view text);  // "example.com", at most 253
NameErrors CheckDns1035Label(std::string_view text);      // starts with a letter
NameErrors CheckWildcardDns1123Subdomain(std::string_view text);
NameErrors CheckQualifiedName(std::string_view text);  // label and annotation keys: "example.com/MyName"
NameErrors CheckLabelValue(std::string_view text);
NameErrors CheckPortName(std::string_view text);
NameErrors CheckConfigKey(std::string_view text);    // keys of ConfigMaps and Secrets
NameErrors CheckEnvVarName(std::string_view text);   // printable ASCII without '='
NameErrors CheckPathSegment(std::string_view text);  // names of RBAC objects

// A generateName may end in '-': the suffix follows.
std::string MaskTrailingDash(std::string_view prefix);

// metadata.annotations: keys and values together.
constexpr size_t kMaxAnnotationBytes = 256 * 1024;
// metadata.generateName is cut to this before the suffix of 5 is added.
constexpr size_t kMaxGenerateNameBase = 58;

}  // namespace kp::api
