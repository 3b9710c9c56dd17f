{#
    The rows of a stream as the target loaded them: typed, and the newest of each key.

    A table or a column that is missing, because the account has only one provider or a stream is not selected, is empty.
    `columns` maps names to `text`, `boolean`, `bigint`, `double precision`, `date`, `timestamp` (UTC) or `list` (JSON).
#}
{% macro staged(stream, key, columns) -%}
{%- set source_relation = source('cdn_certs', stream) -%}
{%- set relation = none -%}
{%- set loaded = {} -%}
{%- if execute -%}
    {%- set relation = adapter.get_relation(source_relation.database, source_relation.schema, source_relation.identifier) -%}
    {%- if relation -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- do loaded.update({column.name: column.dtype | lower}) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endif -%}

with typed as (
    select
    {%- for name, type in columns.items() %}
        {{ cdn_certs.typed(adapter.quote(name), loaded[name], type) if name in loaded else cdn_certs.typed('null', none, type) }} as {{ adapter.quote(name) }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    {% if relation %}from {{ relation }}{% else %}where false{% endif %}
),

-- Targets that append keep every version of a row.
ranked as (
    select
        typed.*,
        row_number() over (partition by {{ key | join(', ') }} order by synced_at desc) as version
    from typed
)

select
    {%- for name in columns %}
    {{ adapter.quote(name) }}{{ ',' if not loop.last }}
    {%- endfor %}
from ranked
where version = 1
{%- endmacro %}

{# An expression of a column of a target's table, in the type that the models use. #}
{% macro typed(expression, loaded_type, type) -%}
    {%- if type == 'list' -%}
        {{ adapter.dispatch('json_list', 'cdn_certs')(expression, loaded_type) }}
    {%- elif type == 'timestamp' and loaded_type and not loaded_type.startswith('timestamp') -%}
        cast(cast({{ expression }} as timestamp with time zone) at time zone 'UTC' as timestamp)
    {%- elif type == 'timestamp' and loaded_type and 'with time zone' in loaded_type -%}
        cast({{ expression }} at time zone 'UTC' as timestamp)
    {%- else -%}
        cast({{ expression }} as {{ type }})
    {%- endif -%}
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
