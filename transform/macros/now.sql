{# The instant everything is measured against, as a timestamp in UTC. One value for the whole run, on any database. #}
{% macro now() -%}
    {%- set given = var('now', none) -%}
    {%- if given -%}
        {%- set parsed = modules.datetime.datetime.fromisoformat((given | string | upper).replace('Z', '+00:00')) -%}
        {%- if not parsed.tzinfo -%}
            {{ exceptions.raise_compiler_error("The variable 'now' needs a zone, such as 2026-01-01T00:00:00Z: " ~ given) }}
        {%- endif -%}
    {%- else -%}
        {%- set parsed = run_started_at -%}
    {%- endif -%}
    cast('{{ parsed.astimezone(modules.pytz.utc).replace(tzinfo=none).isoformat(" ") }}' as timestamp)
{%- endmacro %}
