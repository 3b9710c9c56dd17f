{#
    A list, or an object, that a target loaded, as the models have them: JSON, and in BigQuery, Snowflake and Spark its text, of which they
    have all that is needed and no type that casts and compares alike.
#}
{% macro json_list(expression, loaded_type) -%}
    {{ return(adapter.dispatch('json_list', 'cdn_certs')(expression, loaded_type)) }}
{%- endmacro %}

{# target-postgres makes arrays (text[], jsonb[]), other targets JSON or its text. #}
{% macro postgres__json_list(expression, loaded_type) -%}
    {%- if loaded_type in ('text', 'character varying', 'json', none) -%}
        cast({{ expression }} as jsonb)
    {%- else -%}
        to_jsonb({{ expression }})
    {%- endif -%}
{%- endmacro %}

{# target-duckdb makes JSON. #}
{% macro duckdb__json_list(expression, loaded_type) -%}
    {%- if loaded_type and loaded_type.endswith('[]') -%}
        to_json({{ expression }})
    {%- else -%}
        cast({{ expression }} as json)
    {%- endif -%}
{%- endmacro %}

{# A repeated column is never null: nobody knows whether a list was empty or missing, so that it is missing. #}
{% macro bigquery__json_list(expression, loaded_type) -%}
    {%- if loaded_type in ('string', 'text', none) -%}
        cast({{ expression }} as string)
    {%- elif loaded_type == 'repeated' -%}
        case when array_length({{ expression }}) > 0 then cast(to_json_string({{ expression }}) as string) end
    {%- else -%}
        nullif(cast(to_json_string({{ expression }}) as string), 'null')
    {%- endif -%}
{%- endmacro %}

{# meltanolabs-target-snowflake makes variants. #}
{% macro snowflake__json_list(expression, loaded_type) -%}
    {%- if loaded_type in ('variant', 'array', 'object') -%}
        nullif(to_json({{ expression }}), 'null')
    {%- else -%}
        cast({{ expression }} as text)
    {%- endif -%}
{%- endmacro %}

{# Of files of JSON, Spark makes arrays and structures. #}
{% macro spark__json_list(expression, loaded_type) -%}
    {%- if loaded_type and loaded_type.startswith(('array', 'map', 'struct')) -%}
        to_json({{ expression }})
    {%- else -%}
        cast({{ expression }} as string)
    {%- endif -%}
{%- endmacro %}

{# A list of texts. #}
{% macro list_of(expressions) -%}
    {{ return(adapter.dispatch('list_of', 'cdn_certs')(expressions)) }}
{%- endmacro %}

{% macro postgres__list_of(expressions) %}jsonb_build_array({{ expressions | join(', ') }}){% endmacro %}
{% macro duckdb__list_of(expressions) %}json_array({{ expressions | join(', ') }}){% endmacro %}
{% macro bigquery__list_of(expressions) %}cast(to_json_string([{{ expressions | join(', ') }}]) as string){% endmacro %}
{% macro snowflake__list_of(expressions) %}to_json(array_construct({{ expressions | join(', ') }})){% endmacro %}
{% macro spark__list_of(expressions) %}to_json(array({{ expressions | join(', ') }})){% endmacro %}

{# A join that yields a row for each item of a list: `element.value`, as text. Of lists of objects, the named field. #}
{% macro unnest_list(column, field=none) -%}
    {{ return(adapter.dispatch('unnest_list', 'cdn_certs')(column, field)) }}
{%- endmacro %}

{% macro postgres__unnest_list(column, field) -%}
    cross join lateral (
        select item {% if field %}->> '{{ field }}'{% else %}#>> '{}'{% endif %} as value
        from jsonb_array_elements(case when jsonb_typeof({{ column }}) = 'array' then {{ column }} end) as items (item)
    ) as element
{%- endmacro %}

{% macro duckdb__unnest_list(column, field) -%}
    cross join lateral (
        select item ->> '{{ field or '$' }}' as value
        from (select unnest(from_json({{ column }}, '["json"]')) as item) as items
    ) as element
{%- endmacro %}

{% macro bigquery__unnest_list(column, field) -%}
    cross join unnest(array(
        select as struct {{ cdn_certs.json_field('item', field) }} as value
        from unnest(json_query_array({{ column }})) as item
    )) as element
{%- endmacro %}

{% macro snowflake__unnest_list(column, field) -%}
    cross join lateral (
        select cast({{ "get_path(items.value, '" ~ field ~ "')" if field else 'items.value' }} as text) as value
        from table(flatten(input => parse_json({{ column }}))) as items
    ) as element
{%- endmacro %}

{% macro spark__unnest_list(column, field) -%}
    cross join lateral (
        select {{ cdn_certs.json_field('item', field) if field else 'item' }} as value
        from (select explode(from_json({{ column }}, 'array<string>')) as item) as items
    ) as element
{%- endmacro %}

{# The text of a field of an object, which is JSON's text, as `element.value` is where items are objects. #}
{% macro json_field(expression, field) -%}
    {{ return(adapter.dispatch('json_field', 'cdn_certs')(expression, field)) }}
{%- endmacro %}

{% macro default__json_field(expression, field) %}cast({{ expression }} as json) ->> '{{ field }}'{% endmacro %}
{% macro snowflake__json_field(expression, field) %}cast(get_path(parse_json({{ expression }}), '{{ field }}') as text){% endmacro %}
{% macro spark__json_field(expression, field) %}get_json_object({{ expression }}, '$.{{ field }}'){% endmacro %}

{# Here too, an empty list may be one that was missing. An emulator makes JSON of what is text there. #}
{% macro bigquery__json_field(expression, field) -%}
    {%- set path = "'$." ~ field ~ "'" if field else "'$'" -%}
    coalesce(
        json_value({{ expression }}, {{ path }}),
        nullif(nullif(cast(json_query({{ expression }}, {{ path }}) as string), 'null'), '[]')
    )
{%- endmacro %}
