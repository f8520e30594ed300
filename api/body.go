package api

import (
	"mime"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"pitstop/api/web"
	"pitstop/schemas/request"
)

// jsonFormat reads bodies as request.Parse does, first for huma, which compares them
// with the document, then into the request.
var jsonFormat = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(text []byte, into any) error {
		value, err := request.Parse(text)
		if err != nil {
			return err
		}
		if compared, ok := into.(*any); ok {
			*compared = plainNames(value)
			return nil
		}
		return request.Fill(into, "", value)
	},
}

// apart and together turn the names of members into texts without the characters with
// which huma writes where a mistake is, and back.
var (
	apart    = strings.NewReplacer(".", "\ue000", "[", "\ue001", "]", "\ue002")
	together = strings.NewReplacer("\ue000", ".", "\ue001", "[", "\ue002", "]")
)

func plainNames(value any) any {
	switch value := value.(type) {
	case map[string]any:
		named := make(map[string]any, len(value))
		for name, v := range value {
			named[apart.Replace(name)] = plainNames(v)
		}
		return named
	case []any:
		for i, v := range value {
			value[i] = plainNames(v)
		}
	}
	return value
}

// inJSON refuses bodies that say that they are something else than JSON in UTF-8, as
// it is.
func inJSON(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if why := notJSON(ctx.Header("Content-Type"), ctx.Header("Content-Encoding")); why != "" {
			write(ctx, api, web.NewProblem(web.CodeMediaType, why))
			return
		}
		next(ctx)
	}
}

func notJSON(contentType, encoding string) string {
	if web.EncodedOtherwise(encoding) {
		return "the body is said to be encoded: send it as it is, without Content-Encoding"
	}
	if contentType == "" {
		return ""
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil || media != "application/json":
		return "send Content-Type: application/json"
	case !web.InUTF8(parameters):
		return "send JSON in UTF-8"
	}
	return ""
}
