// Reads schema texts. One statement a line; '#' starts a comment line; indentation is for the eye.
//
//   group apps v1 io.k8s.api.apps.v1        for all that follows: group ("core" is ""), version and
//                                           the prefix of OpenAPI names
//   kind Deployment deployments : TEXT      a kind and its plural; the following lines describe it
//     namespaced | hidden                   hidden: not a resource of its own (Scale, Status)
//     short deploy d       categories all   verbs get,list   (standard verbs unless given)
//     singular deployment                   (the lower-cased kind unless given)
//     storage services/specs                (the plural unless given; - where nothing is stored)
//     stored v1/Event                       stored as another kind; fields with stored= are renamed
//     generation                            metadata.generation counts changes
//     subresource status                    of the kind itself; get,patch,update
//     subresource scale autoscaling/v1/Scale get,patch,update
//     select spec.nodeName                  or label=path; "?" behind marks a boolean
//     column Ready string 0 .status.x       or @formatter; "Name_With_Blanks" with underscores;
//                                           "string/name" adds a format
//   type PodSpec : TEXT                     a part of objects
//     wrapper                               protobuf {repeated string items = 1}
//     2 containers []Container required merge=name keys=name : TEXT
//
// A field line is: protobuf number, JSON name, type, attributes, " : " and a description. Types are
// written as in Go: string int32 int64 bool double bytes time microTime duration quantity intOrString
// rawExtension fieldsV1 any or a type's name; *T is a pointer, []T a list, map[string]T a map. A type's
// name is looked up in its own group, then among the meta types, then in core/v1. Attributes:
//   required            checked; listed as required in documents, unless `optional` stands behind
//   keep                Go writes it even when it is zero; listed as required too, but not checked
//   default=X           after it, when=SIBLING:A,B limits the default to some values of a sibling
//   enum=A,B min=N max=N maxLength=N format=F immutable status inline stored=NAME
//   set, keys=a,b       how a list merges in server-side apply; unique: twins are an error
//   merge, merge=KEY, retainKeys   how it merges in a strategic merge patch
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/api/schema.h"

namespace kp::api {

using SchemaSource = std::pair<std::string_view, std::string_view>;  // name of the file, text

// kInvalidArgument with "file:line: what".
Result<Registry> ParseSchemas(const std::vector<SchemaSource>& sources);

// The files of schemas/, built into the library.
std::vector<SchemaSource> EmbeddedSchemas();

}  // namespace kp::api
